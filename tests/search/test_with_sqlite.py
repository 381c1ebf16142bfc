"""Two processes on one data folder: records and change feed in SQLite, one shared index."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from registry.adapters.search.index import LocalSearchIndex
from registry.adapters.sqlite.changes import SqliteChangeFeed
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.domain.packages import PackageStatus
from registry.domain.search import RegexQuery, SearchScope
from registry.services.indexing import IndexFollower
from registry.services.search import SearchService
from tests.factories import ManualClock, make_account, make_change, make_package


class Process:
    """One process' view of a data folder."""

    def __init__(self, database: SqliteDatabase, index: LocalSearchIndex) -> None:
        self.packages = SqlitePackageStore(database, ManualClock())
        self.maintenance = SqliteRecordMaintenance(database)
        self.follower = IndexFollower(SqliteChangeFeed(database), self.packages, index)
        self.search = SearchService(index, self.packages, self.follower)

    @classmethod
    async def start(cls, folder: Path, stack: AsyncExitStack) -> "Process":
        database = await SqliteDatabase.open(folder / "registry.db")
        stack.push_async_callback(database.close)
        index = await LocalSearchIndex(folder / "search.db").open()
        stack.push_async_callback(index.close)
        process = cls(database, index)
        await process.follower.catch_up()
        return process

    async def found(self, pattern: str, scope: SearchScope = SearchScope()) -> list[str]:  # noqa: B008 -- frozen
        page = await self.search.find(RegexQuery(pattern, scope=scope), limit=50)
        return [package.name for package in page.items]


async def test_a_change_is_found_at_once_by_its_process_and_at_the_next_poll_by_the_other(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        one, other = await Process.start(tmp_path, stack), await Process.start(tmp_path, stack)
        package = make_package(name="bert-tiny", readme="Trained on Wikipedia.", status=PackageStatus.ACTIVE)
        await one.packages.add(package, make_change(package.id))
        await one.search.changed()
        assert await one.found("^bert|Wikipedia") == ["bert-tiny"]
        await other.follower.catch_up()
        assert await other.found("Wiki.*a\\.$") == ["bert-tiny"]

        hidden = replace(package, readme="Nothing.", status=PackageStatus.QUARANTINED, revision=2)
        await other.packages.replace(hidden, make_change(package.id), expected_revision=1)
        # Not told to strangers by the process that does not know yet, either: what is told comes from the records.
        assert await one.found("^bert", SearchScope(hidden_from="somebody")) == []
        await one.follower.catch_up()
        assert await one.found("Wikipedia") == []

        await other.packages.remove(package.id, make_change(package.id), expected_revision=2)
        assert await one.found("bert") == []
        await one.follower.catch_up()
        assert one.search.state().packages == 0


async def test_a_reset_empties_the_index(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        one, other = await Process.start(tmp_path, stack), await Process.start(tmp_path, stack)
        before, after = make_package(name="before"), make_package(name="after")
        await one.packages.add(before, make_change(before.id))
        await one.search.changed()
        await one.maintenance.reset(make_account())
        await one.packages.add(after, make_change(after.id))
        await one.search.changed()
        assert await one.found("e") == ["after"]
        await other.follower.catch_up()
        assert await other.found("e") == ["after"]
        assert other.search.state().packages == 1
