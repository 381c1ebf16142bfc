"""An index with its follower and service, for tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.adapters.search.index import LocalSearchIndex
from registry.domain.search import RegexQuery
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from tests.search.records import Records


@dataclass(frozen=True, slots=True)
class Engine:
    """One process' search over some records."""

    records: Records
    index: LocalSearchIndex
    follower: IndexFollower
    service: SearchService

    async def found(self, query: RegexQuery, *, limit: int = 50) -> list[str]:
        """The names found by a whole walk, page by page."""
        names: list[str] = []
        position: str | None = None
        while True:
            page = await self.service.find(query, limit=limit, position=position)
            names += [package.name for package in page.items]
            position = page.next_position
            if position is None:
                return names


def frozen_time() -> float:
    """A clock for budgets that never end."""
    return 0.0


@asynccontextmanager
async def open_engine(
    path: Path,
    records: Records,
    *,
    monotonic: Callable[[], float] = frozen_time,
    wait_seconds: float = 0.5,
    batch_packages: int = 200,
) -> AsyncIterator[Engine]:
    index = await LocalSearchIndex(path, monotonic=monotonic, wait_seconds=wait_seconds).open()
    follower = IndexFollower(records, records, index, batch_packages=batch_packages)
    try:
        await follower.catch_up()
        yield Engine(records, index, follower, SearchService(index, records, follower, records, monotonic=monotonic))
    finally:
        await index.close()
