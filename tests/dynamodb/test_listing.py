"""Listings over shards, with late indexes and stale entries; the port's contract is the conformance suite's."""

import asyncio
from collections.abc import Sequence

import pytest

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import PackageStatus
from tests.dynamodb.samples import change, fill, next_revision, package, places, walk
from tests.factories import make_content


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_walk_over_the_shards_sees_each_once_and_in_order(packages: DynamoPackageStore, limit: int) -> None:
    published = [package(version=f"1.0.{number}") for number in range(20)]
    await fill(packages, published)

    newest_first = await walk(packages, PackageFilter(), limit=limit)
    oldest_first = await walk(packages, PackageFilter(order=Order.OLDEST), limit=limit)

    assert oldest_first == [each.id for each in published]
    assert newest_first == oldest_first[::-1]


async def test_a_page_looks_at_a_bounded_number_of_entries_and_says_where_to_go_on(
    packages: DynamoPackageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.adapters.dynamodb.listing.EXAMINED_AT_LEAST", 5)
    monkeypatch.setattr("registry.adapters.dynamodb.listing.EXAMINED_PER_ITEM", 1)
    wanted = package(version="1.0.0", tags=("rare",))
    await fill(packages, [wanted, *(package(version=f"1.0.{number}") for number in range(1, 13))])
    rare = PackageFilter(name="bert", tag="rare")

    first = await packages.list_page(rare, limit=2, after=None)

    assert first.items == ()
    assert first.next_after is not None
    assert await walk(packages, rare, limit=2) == [wanted.id]


async def test_a_listing_shows_what_the_records_say_where_the_index_is_late(
    packages: DynamoPackageStore, table: DynamoTable
) -> None:
    stays, goes, changes = package(version="1.0.0"), package(version="2.0.0"), package(version="3.0.0")
    await fill(packages, [stays, goes, changes])
    late = {shard: await table.query(f"active#{shard}", index=True) for shard in range(4)}
    query = table.query

    async def query_late_index(partition: str, **options: object) -> object:
        return late[int(partition[-1])] if options.get("index") else await query(partition, **options)  # type: ignore[arg-type]

    table.query = query_late_index  # type: ignore[method-assign, assignment]
    await packages.remove(goes.id, change(goes), expected_revision=1)
    deprecated = next_revision(changes, status=PackageStatus.DEPRECATED)
    await packages.replace(deprecated, change(deprecated), expected_revision=1)

    page = await packages.list_page(PackageFilter(), limit=10, after=None)

    assert [item.id for item in page.items] == [stays.id]


def _tagged(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}-{number}" for number in range(50))


async def test_fifty_tags_and_the_status_change_at_once(packages: DynamoPackageStore, table: DynamoTable) -> None:
    first = package(tags=_tagged("old"), readme="old", content=make_content(blob_key="old"))
    await packages.add(first, change(first))
    second = next_revision(
        first, tags=_tagged("new"), status=PackageStatus.DEPRECATED, readme="new", content=make_content(blob_key="new")
    )

    await packages.replace(second, change(second), expected_revision=1)

    entries = {place for place in await places(table) if place[0].startswith("L#")}
    assert {place for place in entries if "old" in place[0] or "active" in place[0]} == set()
    assert len(entries) == 6 + 50
    await packages.remove(first.id, change(second), expected_revision=2)
    assert await places(table) == set()


async def test_stale_entries_that_were_not_deleted_show_nowhere(
    packages: DynamoPackageStore, table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = package(tags=_tagged("old"))
    await packages.add(first, change(first))
    second = next_revision(first, tags=_tagged("new"), status=PackageStatus.DEPRECATED)
    monkeypatch.setattr(Transaction, "_delete_unless_newer", lambda self, entries: asyncio.sleep(0))

    await packages.replace(second, change(second), expected_revision=1)

    assert [place for place in await places(table) if "old" in place[0]], "the process ended before it deleted them"
    for tag in first.tags:
        assert await walk(packages, PackageFilter(status=None, tag=tag), limit=5) == []
    assert await walk(packages, PackageFilter(status=None, name=first.name), limit=5) == [first.id]


async def test_an_entry_that_was_written_anew_is_not_deleted_late(
    packages: DynamoPackageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = package(tags=_tagged("old"))
    await packages.add(first, change(first))
    second = next_revision(first, tags=_tagged("new"), status=PackageStatus.DEPRECATED)
    third = next_revision(second, tags=first.tags, status=PackageStatus.ACTIVE)
    delete = Transaction._delete_unless_newer

    async def delete_after_the_next_change(self: Transaction, entries: Sequence[Item]) -> None:
        monkeypatch.setattr(Transaction, "_delete_unless_newer", delete)
        await packages.replace(third, change(third), expected_revision=2)
        await delete(self, entries)

    monkeypatch.setattr(Transaction, "_delete_unless_newer", delete_after_the_next_change)

    await packages.replace(second, change(second), expected_revision=1)

    for tag in first.tags:
        assert await walk(packages, PackageFilter(tag=tag), limit=5) == [first.id]
