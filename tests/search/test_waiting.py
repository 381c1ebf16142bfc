"""Many searches at once: they wait for each other, for a bounded time."""

import asyncio
from pathlib import Path

import pytest

from registry.adapters.search.index import LocalSearchIndex
from registry.domain.errors import Unavailable
from registry.domain.search import FoundIds, RegexQuery, SearchScope, TextQuery
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from tests.search.engines import frozen_time, open_engine
from tests.search.records import Records, make_package


class _Clock:
    """Stands still but where `steps` has the seconds that pass before the next look at it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps: list[float] = []

    def __call__(self) -> float:
        self.now += self.steps.pop(0) if self.steps else 0.0
        return self.now


def _ten_packages() -> Records:
    records = Records()
    records.put(*(make_package(number, f"bert-{number}", readme="A model.") for number in range(10)))
    return records


async def test_a_hundred_searches_at_once_are_all_answered(tmp_path: Path) -> None:
    async with open_engine(tmp_path / "search.db", _ten_packages()) as engine:
        found = await asyncio.gather(*(engine.service.find(RegexQuery("bert-7"), limit=5) for _ in range(100)))
        ranked = await asyncio.gather(
            *(engine.service.rank(TextQuery("model", SearchScope()), limit=50) for _ in range(100))
        )
    assert [[package.name for package in page.items] for page in found] == [["bert-7"]] * 100
    assert [len(page.items) for page in ranked] == [10] * 100


async def test_a_search_that_waited_too_long_is_refused(tmp_path: Path) -> None:
    clock = _Clock()
    async with open_engine(tmp_path / "search.db", _ten_packages(), monotonic=clock) as engine:
        clock.steps = [0.0, 0.6]  # it comes, it begins
        with pytest.raises(Unavailable, match="Too many searches"):
            await engine.index.find(RegexQuery("bert"), limit=5, position=None)
        clock.steps = [0.0, 0.3]
        found = await engine.index.find(RegexQuery("bert"), limit=5, position=None)
    assert len(found.ids) == 5


class _BusyIndex(LocalSearchIndex):
    """Answers the first search, and has no thread for others until `busy` is cleared."""

    busy = False

    async def find(self, query: RegexQuery, *, limit: int, position: str | None) -> FoundIds:
        if self.busy:
            raise Unavailable("Too many searches are waiting. Try again.")
        self.busy = True
        return await super().find(query, limit=limit, position=position)


async def test_a_page_stays_short_where_others_have_the_threads(tmp_path: Path) -> None:
    records = _ten_packages()
    index = await _BusyIndex(tmp_path / "search.db", monotonic=frozen_time).open()
    follower = IndexFollower(records, records, index)
    service = SearchService(index, records, follower, records, monotonic=frozen_time)
    try:
        await follower.catch_up()
        for number in range(5, 9):
            del records.packages[make_package(number, "").id]
        page = await service.find(RegexQuery("bert"), limit=5)
        assert [package.name for package in page.items] == ["bert-9"]
        assert page.next_position is not None
        index.busy = False
        rest = await service.find(RegexQuery("bert"), limit=9, position=page.next_position)
        assert [package.name for package in rest.items] == [f"bert-{number}" for number in range(4, -1, -1)]
    finally:
        await index.close()
