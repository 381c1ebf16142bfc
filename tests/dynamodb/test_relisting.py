"""Tables from before listings by name and score, or before summaries: brought up to date, never listed in part."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.adapters.dynamodb import keys, listing_keys, relisting
from registry.adapters.dynamodb import table as table_module
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.listed_summaries import without_summary
from registry.adapters.dynamodb.table import check_table, create_table
from registry.domain.documents import encode_summary
from registry.domain.errors import Unavailable
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageStatus
from tests.conformance.package_listing import in_order, rate, walk
from tests.conformance.records import Records
from tests.dynamodb.samples import change, next_revision, open_records, package
from tests.engines.tables import CallCounter, fresh_table
from tests.factories import ManualClock, ids


@pytest.fixture
def records(table: DynamoTable, clock: ManualClock) -> Records:
    return open_records(table, clock)


async def make_without_summaries(table: DynamoTable) -> None:
    """Take away what the edition before this one did not write."""
    before: Item = {**listing_keys.LISTED, "upgrade_state": {"S": listing_keys.HAVE_PLACES}}
    await table.transact([table.put(before)])
    async for items in table.scan("begins_with(pk, :entry)", {":entry": {"S": "L#"}}):
        for item in items:
            change = {"DeleteRequest": {"Key": keys.key_of(item)}}
            if not item["pk"]["S"].startswith("L#active#all#"):
                change = {"PutRequest": {"Item": without_summary(item)}}
            await table.batch_write([change])  # type: ignore[list-item]


async def make_old(table: DynamoTable) -> None:
    """Take away what an earlier edition did not write, and list by the net score, as it did."""
    await make_without_summaries(table)
    await table.transact([table.delete(keys.key_of(listing_keys.LISTED))])
    async for items in table.scan(
        "begins_with(pk, :entry) OR sk = :record", {":entry": {"S": "L#"}, ":record": {"S": "record"}}
    ):
        for item in items:
            kept = {name: value for name, value in item.items() if name not in ("name_place", "score_place")}
            if "score" in item:
                kept["score"] = {"N": "990000"}
            await table.batch_write([{"PutRequest": {"Item": kept}}])


async def publish_some(records: Records, clock: ManualClock) -> tuple[list[Package], dict[str, float | None]]:
    published, scores = [], {}
    for number, score in enumerate((0.5, None, 0.2, 0.731, 0.2)):
        name = f"{'ba'[number % 2]}-{number}"
        status = PackageStatus.QUARANTINED if number == 4 else PackageStatus.ACTIVE
        each = package(name=name, tags=("nlp",), status=status)
        await records.packages.add(each, change(each))
        await rate(records, clock, each, score, above=0.1)
        published.append(each)
        scores[each.id] = score
    # Rated once, at a revision that is gone.
    second = next_revision(published[0], description="new")
    await records.packages.replace(second, change(second), expected_revision=1)
    return [second, *published[1:]], {**scores, second.id: None}


@pytest.mark.parametrize("order", [Order.NAME, Order.SCORE])
async def test_an_old_table_is_listed_in_order_once_all_of_it_is_up_to_date(
    table: DynamoTable, records: Records, clock: ManualClock, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relisting, "_PACKAGES_AT_ONCE", 2)
    published, scores = await publish_some(records, clock)
    await make_old(table)
    fresh = open_records(table, clock)
    wanted = PackageFilter(order=order)
    with pytest.raises(Unavailable, match="being prepared"):
        await fresh.packages.list_page(wanted, limit=5, after=None)
    assert len(await walk(fresh, PackageFilter(), limit=2)) == 4

    assert await fresh.maintenance.upgrade_listings()
    with pytest.raises(Unavailable, match="being prepared"):
        await fresh.packages.list_page(wanted, limit=5, after=None)
    while await open_records(table, clock).maintenance.upgrade_listings():
        pass

    for each in (wanted, PackageFilter(order=order, tag="nlp"), PackageFilter(order=order, min_net_score=0.5)):
        assert ids(await walk(fresh, each, limit=2)) == in_order(published, each, scores)
    assert ids(await walk(fresh, PackageFilter(min_net_score=0.6), limit=2)) == [published[3].id]


async def test_a_table_without_summaries_is_listed_all_the_while(
    table: DynamoTable, records: Records, clock: ManualClock, calls: CallCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relisting, "_PACKAGES_AT_ONCE", 2)
    published, scores = await publish_some(records, clock)
    await make_without_summaries(table)
    fresh, more = open_records(table, clock), True
    while more:
        more = await open_records(table, clock).maintenance.upgrade_listings()
        for wanted in (PackageFilter(), PackageFilter(tag="nlp"), PackageFilter(order=Order.SCORE)):
            assert ids(await walk(fresh, wanted, limit=2)) == in_order(published, wanted, scores)

    calls.clear()
    page = await fresh.packages.list_page(PackageFilter(), limit=4, after=None)
    assert [item.body for item in page.items] == [encode_summary(each) for each in reversed(published[:4])]
    assert dict(calls) == {"Query": 4}


async def test_what_is_being_released_is_brought_up_to_date(
    table: DynamoTable, records: Records, clock: ManualClock
) -> None:
    (first, *_), _ = await publish_some(records, clock)
    await make_old(table)
    prepared: Any = {":release": {"S": "gone"}, ":next": {"M": {}}}
    await table.transact(
        [
            table.update(
                keys.record_key(first.id), "SET in_release = :release, to_be = :next", condition="", values=prepared
            )
        ]
    )
    with pytest.raises(Unavailable, match="being changed"):
        await records.maintenance.upgrade_listings()


@pytest.fixture
async def table_without_indexes(dynamodb_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DynamoTable]:
    """A table as an earlier edition made it."""
    with monkeypatch.context() as patched:
        patched.setattr(table_module, "_INDEXES", {keys.STATUS_INDEX: table_module._INDEXES[keys.STATUS_INDEX]})
        opened = fresh_table(dynamodb_endpoint)
        table = await opened.__aenter__()
    yield table
    await opened.__aexit__(None, None, None)


async def test_a_table_without_the_indexes_is_completed(table_without_indexes: DynamoTable, clock: ManualClock) -> None:
    table, records = table_without_indexes, open_records(table_without_indexes, clock)
    published, scores = await publish_some(records, clock)
    with pytest.raises(Unavailable, match="lacks an index"):
        await records.packages.list_page(PackageFilter(order=Order.NAME), limit=5, after=None)
    await make_old(table)
    assert f"index {listing_keys.NAME_INDEX}: there is none" in await check_table(table)
    with pytest.raises(Unavailable, match="tables create"):
        await records.maintenance.upgrade_listings()

    assert not await create_table(table, ttl=False)
    while await records.maintenance.upgrade_listings():
        pass

    assert not [line for line in await check_table(table) if "index" in line]
    wanted = PackageFilter(order=Order.SCORE)
    assert ids(await walk(records, wanted, limit=2)) == in_order(published, wanted, scores)
