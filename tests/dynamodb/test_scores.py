"""Listings by net score: what they cost in engine calls, and what they show and leave behind."""

from dataclasses import replace
from typing import Any

import pytest

from registry.adapters.dynamodb import listing
from registry.adapters.dynamodb.client import DynamoTable
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageType
from registry.domain.versions import VersionRange
from tests.conformance.package_listing import rate
from tests.conformance.records import Records
from tests.dynamodb.samples import change, next_revision, open_records, package, places, walk
from tests.engines.tables import CallCounter
from tests.factories import ManualClock


@pytest.fixture
def records(table: DynamoTable, clock: ManualClock) -> Records:
    return open_records(table, clock)


async def publish(records: Records, clock: ManualClock, score: float, **members: Any) -> Package:
    """A package that has been rated."""
    published = package(**members)
    await records.packages.add(published, change(published))
    await rate(records, clock, published, score)
    return published


@pytest.mark.performance
@pytest.mark.parametrize(
    ("wanted", "queries"),
    [
        (PackageFilter(min_net_score=0.5), 5),
        (PackageFilter(min_net_score=0.9, order=Order.OLDEST), 1),
        (PackageFilter(min_net_score=0.85, type=PackageType.MODEL), 6),
        (PackageFilter(min_net_score=0.855, versions=VersionRange.parse("^1.0.0")), 6),
        (PackageFilter(min_net_score=0.005), 19),
        (PackageFilter(min_net_score=0.85, name="bert"), 1),
        (PackageFilter(min_net_score=0.85, tag="nlp"), 1),
        (PackageFilter(min_net_score=0.85, created_by="alice"), 1),
    ],
)
async def test_a_page_costs_its_buckets(
    records: Records, calls: CallCounter, clock: ManualClock, wanted: PackageFilter, queries: int
) -> None:
    for number in range(12):
        await publish(records, clock, 0.95 if number % 3 else 0.001, version=f"1.0.{number}", tags=("nlp",))

    # A process asks once whether the entries of all packages are there.
    await records.packages.list_page(wanted, limit=7, after=None)
    for limit in (7, 100):
        if limit == 7 and (wanted.name or wanted.tag or wanted.created_by):
            continue  # what is rated lower is read too
        calls.clear()
        page = await records.packages.list_page(wanted, limit=limit, after=None)
        assert len(page.items) == min(limit, 8)
        assert calls == {"Query": queries}


@pytest.mark.performance
@pytest.mark.parametrize("order", [Order.NAME, Order.SCORE])
@pytest.mark.parametrize(
    ("wanted", "queries"),
    [
        (PackageFilter(), 12),  # three types of four shards
        (PackageFilter(type=PackageType.MODEL), 4),
        (PackageFilter(tag="nlp"), 1),
        (PackageFilter(created_by="alice"), 1),
        (PackageFilter(name="bert"), 1),
        (PackageFilter(tag="nlp", min_net_score=0.9), 1),
    ],
)
async def test_a_page_in_another_order_costs_its_partitions_and_one_batch(
    records: Records, calls: CallCounter, clock: ManualClock, wanted: PackageFilter, queries: int, order: Order
) -> None:
    for number in range(5):
        await publish(records, clock, 0.95, version=f"1.0.{number}", tags=("nlp",))
    # A process asks once whether all entries have their places.
    await records.packages.list_page(replace(wanted, order=order), limit=2, after=None)
    after = None
    for _ in range(2):
        calls.clear()
        page = await records.packages.list_page(replace(wanted, order=order), limit=2, after=after)
        assert len(page.items) == 2
        assert calls == {"Query": queries, "BatchGetItem": 1}
        after = page.next_after


@pytest.mark.performance
async def test_a_rating_costs_a_read_and_a_transaction_more_than_its_claim(
    records: Records, calls: CallCounter, clock: ManualClock
) -> None:
    published = await publish(records, clock, 0.1, tags=("nlp",))
    for score in (0.9, 0.9, None):
        calls.clear()
        await rate(records, clock, published, score)
        # The mark: is there one, is there a package, and it is set; the lease: read and taken; the rating.
        assert calls == {"GetItem": 2 + 1 + 1, "TransactWriteItems": 3}


async def test_fifty_tags_and_a_long_receipt_fit_into_one_transaction(
    records: Records, table: DynamoTable, clock: ManualClock
) -> None:
    tags = tuple(f"tag-{number}" for number in range(50))
    published = await publish(records, clock, 0.95, tags=tags)
    await rate(records, clock, published, 0.2)

    for tag in tags:
        assert await walk(records.packages, PackageFilter(tag=tag, min_net_score=0.2), limit=5) == [published.id]
    buckets = {pk.removeprefix("L#active#score#") for pk, _ in await places(table) if "#score#" in pk}
    assert buckets == {"0.2", "0.20"}

    second = next_revision(published, tags=tags[:1])
    await records.packages.replace(second, change(second), expected_revision=1)
    assert not [pk for pk, _ in await places(table) if "#score#" in pk]
    await records.packages.remove(second.id, change(second), expected_revision=2)
    assert await places(table) == set()


async def test_a_page_looks_at_a_bounded_number_of_entries(
    records: Records, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "EXAMINED_AT_LEAST", 5)
    monkeypatch.setattr(listing, "EXAMINED_PER_ITEM", 1)
    good = await publish(records, clock, 0.726, version="2.0.0")
    for number in range(12):
        await publish(records, clock, 0.724, version=f"1.0.{number}")
    wanted = PackageFilter(min_net_score=0.725)

    first = await records.packages.list_page(wanted, limit=2, after=None)

    assert first.items == ()
    assert first.next_after is not None
    assert await walk(records.packages, wanted, limit=2) == [good.id]
