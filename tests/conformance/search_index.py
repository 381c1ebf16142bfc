"""A search index that follows the records: processes that share one, and hosts that have one each."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from registry.adapters.search.index import LocalSearchIndex
from registry.domain.packages import PackageStatus
from registry.domain.search import RegexQuery, SearchScope
from registry.domain.visibility import Viewer
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_account, make_change, make_package


class Process:
    """One process' view of the records and of an index."""

    def __init__(self, records: Records, index: LocalSearchIndex) -> None:
        self.packages = records.packages
        self.maintenance = records.maintenance
        self.follower = IndexFollower(records.changes, records.packages, index)
        self.search = SearchService(index, records.packages, self.follower, records.names)

    async def found(self, pattern: str, scope: SearchScope = SearchScope()) -> list[str]:  # noqa: B008 -- frozen
        page = await self.search.find(RegexQuery(pattern, scope=scope), limit=50)
        return [package.name for package in page.items]


@asynccontextmanager
async def two_processes(backend: RecordBackend, *index_files: Path) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        processes = []
        for file in index_files:
            records = await stack.enter_async_context(backend.open())
            index = await LocalSearchIndex(file).open()
            stack.push_async_callback(index.close)
            processes.append(Process(records, index))
            await processes[-1].follower.catch_up()
        yield processes


class SearchIndexContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.fixture(params=[("search.db", "search.db"), ("one.db", "other.db")], ids=["one host", "two hosts"])
    def index_files(self, request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
        """Processes of one host share an index."""
        return [tmp_path / name for name in request.param]

    async def test_a_change_is_found_at_once_by_its_process_and_at_the_next_poll_by_the_other(
        self, backend: RecordBackend, index_files: list[Path]
    ) -> None:
        async with two_processes(backend, *index_files) as (one, other):
            package = make_package(name="bert-tiny", readme="Trained on Wikipedia.", status=PackageStatus.ACTIVE)
            await one.packages.add(package, make_change(package.id))
            await one.search.changed()
            assert await one.found("^bert|Wikipedia") == ["bert-tiny"]
            await other.follower.catch_up()
            assert await other.found("Wiki.*a\\.$") == ["bert-tiny"]

            hidden = replace(package, readme="Nothing.", status=PackageStatus.QUARANTINED, revision=2)
            await other.packages.replace(hidden, make_change(package.id), expected_revision=1)
            # Not told to strangers by the process that does not know yet, either: what is told comes from the records.
            assert await one.found("^bert", SearchScope(viewer=Viewer("somebody"))) == []
            await one.follower.catch_up()
            assert await one.found("Wikipedia") == []

            await other.packages.remove(package.id, make_change(package.id), expected_revision=2)
            assert await one.found("bert") == []
            await one.follower.catch_up()
            assert one.search.state().packages == 0

    async def test_a_reset_empties_the_index(self, backend: RecordBackend, index_files: list[Path]) -> None:
        async with two_processes(backend, *index_files) as (one, other):
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
