"""What every ChangeFeed does."""

import asyncio
from dataclasses import replace

from tests.conformance.package_store import add
from tests.conformance.records import RecordBackend, Records
from tests.factories import ids, make_account, make_change, make_package


async def read_all(records: Records, after: str, *, limit: int = 100) -> tuple[str, list[str]]:
    """Everything after the cursor, and the cursor to go on from."""
    package_ids: list[str] = []
    while True:
        page = await records.changes.read(after, limit=limit)
        assert page is not None
        assert len(page.package_ids) <= limit
        if not page.package_ids:
            return page.cursor, package_ids
        package_ids += page.package_ids
        after = page.cursor


class ChangeFeedContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_reports_each_kind_of_change_in_order(self, records: Records, others: Records) -> None:
        before = await add(records)
        start = await others.changes.latest()
        first, second = await add(records), await add(records)
        changed = replace(before, revision=2, description="new")
        await records.packages.replace(changed, make_change(before.id), expected_revision=1)
        await records.packages.remove(first.id, make_change(first.id), expected_revision=1)

        cursor, package_ids = await read_all(others, start)

        assert package_ids == [second.id, before.id, first.id]
        assert await read_all(others, cursor) == (cursor, [])
        assert await others.changes.latest() == cursor

    async def test_pages_miss_nothing(self, records: Records) -> None:
        start = await records.changes.latest()
        added = [await add(records) for _ in range(7)]

        _, package_ids = await read_all(records, start, limit=3)

        assert sorted(package_ids) == ids(added)

    async def test_change_between_pages_is_reported_again(self, records: Records) -> None:
        start = await records.changes.latest()
        added = [await add(records) for _ in range(3)]
        first = await records.changes.read(start, limit=2)
        assert first is not None
        assert not first.complete
        changed = next(replace(package, revision=2) for package in added if package.id == first.package_ids[0])
        await records.packages.replace(changed, make_change(changed.id), expected_revision=1)

        _, package_ids = await read_all(records, first.cursor)

        assert sorted(package_ids) == sorted({*ids(added), changed.id}.difference(first.package_ids[1:]))

    async def test_a_page_is_complete_when_there_is_no_more(self, records: Records) -> None:
        cursor = await records.changes.latest()
        added = [await add(records) for _ in range(9)]
        complete, found = False, list[str]()
        while not complete:
            page = await records.changes.read(cursor, limit=4)
            assert page is not None
            complete, cursor = page.complete, page.cursor
            found += page.package_ids

        assert sorted(found) == ids(added)

    async def test_refused_change_is_not_reported(self, records: Records) -> None:
        package = await add(records)
        start = await records.changes.latest()
        rival = make_package(name=package.name)

        outcomes = await asyncio.gather(
            records.packages.add(rival, make_change(rival.id)),
            records.packages.remove(package.id, make_change(package.id), expected_revision=9),
            return_exceptions=True,
        )

        assert None not in outcomes
        assert await read_all(records, start) == (start, [])

    async def test_a_reset_ends_every_cursor_from_before(self, records: Records, others: Records) -> None:
        empty = await records.changes.latest()
        await add(records)
        filled = await records.changes.latest()

        await records.maintenance.reset(make_account())
        after_reset = await others.changes.latest()
        package = await add(records)

        assert await others.changes.read(empty, limit=5) is None
        assert await others.changes.read(filled, limit=5) is None
        assert await others.changes.read(filled, limit=1) is None
        assert (await read_all(others, after_reset))[1] == [package.id]

    async def test_cursor_survives_reopening(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            await add(records)
            cursor = await records.changes.latest()
            package = await add(records)

        async with backend.open() as records:
            assert (await read_all(records, cursor))[1] == [package.id]
