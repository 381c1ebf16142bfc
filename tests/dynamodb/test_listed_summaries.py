"""Pages that are read from listing entries alone, and those of which records decide."""

from typing import Any

import pytest

from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.item_sizes import item_bytes
from registry.adapters.dynamodb.listed_summaries import MOST_TAGS, WRITE_UNIT_BYTES, find_summary
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.records import entries
from registry.domain.documents import encode_summary
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageStatus
from tests.dynamodb.samples import change, incompressible, next_revision, package
from tests.engines.tables import CallCounter
from tests.factories import make_content

NLP = PackageFilter(tag="nlp")


@pytest.mark.parametrize(
    "wanted", [PackageFilter(), NLP, PackageFilter(name="bert"), PackageFilter(created_by="alice")]
)
async def test_what_a_page_shows_follows_every_change_at_once(
    packages: DynamoPackageStore, calls: CallCounter, wanted: PackageFilter
) -> None:
    steps = [package(tags=("nlp",), description="naïve 模型", content=make_content())]
    await packages.add(steps[0], change(steps[0]))
    for members in ({"description": "new"}, {"tags": ("nlp", "tiny")}, {"license": "MIT"}):
        following = next_revision(steps[-1], **members)
        await packages.replace(following, change(following), expected_revision=steps[-1].revision)
        steps.append(following)
        calls.clear()
        page = await packages.list_page(wanted, limit=5, after=None)
        assert [(item.body, item.revision) for item in page.items] == [(encode_summary(following), following.revision)]
        assert "BatchGetItem" not in calls

    await packages.remove(steps[0].id, change(steps[-1]), expected_revision=steps[-1].revision)
    assert not (await packages.list_page(wanted, limit=5, after=None)).items


async def test_long_summaries_and_many_tags_are_read_from_records(
    packages: DynamoPackageStore, calls: CallCounter
) -> None:
    long = package(tags=("nlp",), description=incompressible(2_000))
    many = package(version="2.0.0", tags=("nlp", *(f"tag-{number}" for number in range(MOST_TAGS))))
    short = package(version="3.0.0", tags=("nlp",))
    for each in (long, many, short):
        await packages.add(each, change(each))
    calls.clear()

    page = await packages.list_page(NLP, limit=5, after=None)

    assert [item.body for item in page.items] == [encode_summary(each) for each in (short, many, long)]
    assert dict(calls) == {"Query": 1, "BatchGetItem": 1}


def test_an_entry_is_one_write_unit_and_a_hidden_package_has_no_summary() -> None:
    for length in range(0, 1_500, 50):
        active = package(tags=("nlp",), description=incompressible(length))
        for entry in entries(active, 731_000).values():
            written: Any = {**entry, "revision": {"N": "123456"}}
            assert item_bytes(written) <= WRITE_UNIT_BYTES
            assert (summary := find_summary(active.id, written)) is None or summary.body == encode_summary(active)
    for status in set(PackageStatus) - {PackageStatus.ACTIVE}:
        assert not any("packed" in entry for entry in entries(package(status=status), None).values())


async def test_no_entry_with_a_summary_goes_after_its_transaction(
    packages: DynamoPackageStore, table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many entries a change writes: one that stayed would be shown."""
    first = package(
        tags=tuple(f"old-{number}" for number in range(MOST_TAGS)), readme=incompressible(9_000), content=make_content()
    )
    await packages.add(first, change(first))
    second = next_revision(
        first,
        tags=tuple(f"new-{number}" for number in range(50)),
        status=PackageStatus.DEPRECATED,
        version=package(version="9.0.0").version,
        readme=incompressible(9_000, seed=2),
        content=make_content(blob_key="another"),
    )
    transactions: list[Any] = []
    transact = table.transact

    async def transact_and_note(actions: Any) -> None:
        transactions.append(actions)
        await transact(actions)

    monkeypatch.setattr(table, "transact", transact_and_note)
    await packages.replace(second, change(second), expected_revision=1)

    assert len(transactions[0]) <= TRANSACTION_ACTIONS
    gone = {(each["Delete"]["Key"]["pk"]["S"]) for each in transactions[0] if "Delete" in each}
    trusted = {place for (place, _), entry in entries(first, None).items() if "packed" in entry}
    assert trusted
    assert trusted <= gone
