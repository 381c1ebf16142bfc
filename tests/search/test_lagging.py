"""An index that cannot follow: changes succeed, searches are refused, and what was missed is caught up."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.adapters.search.index import LocalSearchIndex
from registry.domain.errors import Unavailable
from registry.domain.packages import Package
from registry.domain.search import RegexQuery
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from tests.search.engines import open_engine
from tests.search.records import Records, make_package


class BreakingRecords(Records):
    """`errors` are raised by the next batches."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop()
        return await super().get_many(package_ids)


@pytest.mark.parametrize("error", [Unavailable("not now"), sqlite3.DatabaseError("malformed")])
async def test_a_change_succeeds_though_the_index_does_not_follow(tmp_path: Path, error: Exception) -> None:
    records = BreakingRecords()
    async with open_engine(tmp_path / "search.db", records) as engine:
        records.put(make_package(1, "bert"))
        records.errors = [error]
        await engine.service.changed()
        assert await engine.found(RegexQuery("bert")) == []
        await engine.service.changed()
        assert await engine.found(RegexQuery("bert")) == ["bert"]


async def test_a_round_that_failed_counts_for_none_who_waited(tmp_path: Path) -> None:
    records = BreakingRecords()
    async with open_engine(tmp_path / "search.db", records) as engine:
        records.put(make_package(1, "bert"))
        records.errors = [Unavailable("not now")]
        first, second = asyncio.create_task(engine.follower.catch_up()), asyncio.create_task(engine.follower.catch_up())
        with pytest.raises(Unavailable):
            await first
        await second
        assert engine.index.state().packages == 1


async def test_searches_are_refused_until_the_first_catching_up(tmp_path: Path) -> None:
    records = Records()
    records.put(make_package(1, "bert"))
    async with open_engine(tmp_path / "search.db", records):
        pass
    records.put(make_package(2, "albert"))
    index = LocalSearchIndex(tmp_path / "search.db")
    follower = IndexFollower(records, records, index, poll_seconds=0.001)
    service = SearchService(index, records, follower, records)
    try:
        for _ in range(2):
            with pytest.raises(Unavailable, match="being built"):
                await service.find(RegexQuery("bert"), limit=5)
            with pytest.raises(Unavailable):
                await service.check()
            await index.open()
        running = asyncio.create_task(follower.run())
        async with asyncio.timeout(30):
            while not service.state().ready:  # noqa: ASYNC110  (nothing tells of it but the state)
                await asyncio.sleep(0.001)
        await service.check()
        found = await service.find(RegexQuery("bert"), limit=5)
        assert [package.name for package in found.items] == ["albert", "bert"]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    finally:
        await index.close()


async def test_a_short_page_is_filled_up_while_there_is_time(tmp_path: Path) -> None:
    records = Records()
    records.put(*(make_package(number, f"bert-{number}") for number in range(10)))
    async with open_engine(tmp_path / "search.db", records) as engine:
        for number in range(3, 9):
            del records.packages[make_package(number, "").id]
        page = await engine.service.find(RegexQuery("bert"), limit=3)
        assert [package.name for package in page.items] == ["bert-9", "bert-2", "bert-1"]
        assert page.next_position is not None
