"""The search index of one host: implements `SearchIndex`."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from registry.adapters.search.dependencies import list_dependents
from registry.adapters.search.file import SearchFile, View
from registry.adapters.search.keys import check_position
from registry.adapters.search.matching import Walk, find_page
from registry.adapters.search.names import NameTable
from registry.adapters.search.patterns import DEFAULT_LIMITS, PatternCompiler, PatternLimits
from registry.adapters.search.scopes import ScopeFilter
from registry.adapters.search.words import rank_page, split_words
from registry.domain.errors import Unavailable
from registry.domain.packages import Package
from registry.domain.search import FoundIds, IndexState, RankedIds, RegexQuery, TextQuery
from registry.ports.search import Checkpoint

T = TypeVar("T")
_TOO_MANY = "Too many searches are waiting. Try again."


class LocalSearchIndex:
    """Names in memory, everything else in a file that the processes of a host share.

    Searches run in `search_threads` threads of their own (RE2 lets go of the interpreter while it matches), changes in
    one more; the event loop does neither. A page ends `page_seconds` after its search came, and says where to go on;
    a search that had to wait has `least_seconds` of its own all the same. One that waited `wait_seconds` is refused.
    """

    def __init__(
        self,
        path: Path,
        *,
        limits: PatternLimits = DEFAULT_LIMITS,
        page_seconds: float = 0.25,
        least_seconds: float = 0.05,
        wait_seconds: float = 0.5,
        search_threads: int = 2,
        max_waiting: int = 1_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._compiler = PatternCompiler(limits)
        self._page_seconds = page_seconds
        self._least_seconds = least_seconds
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._monotonic = monotonic
        self._table = NameTable()
        self._view = View()
        self._waiting = 0
        self._files = threading.local()
        self._opened: list[SearchFile] = []
        self._searchers = ThreadPoolExecutor(search_threads, thread_name_prefix="search")
        self._changer = ThreadPoolExecutor(1, thread_name_prefix="search-index")

    async def open(self) -> Self:
        """Prepare the file and its folder, and read what it holds.

        A damaged file is removed: it is filled again from the records. Raises Unavailable when it cannot be written.
        """
        try:
            await asyncio.to_thread(self._path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"The search index has no folder ({error}).") from error
        try:
            await self._change(lambda file: file.prepare())
            await self.refresh()
        except sqlite3.DatabaseError:
            self._close_files()
            self._path.unlink()
            for companion in ("-wal", "-shm"):
                self._path.with_name(self._path.name + companion).unlink(missing_ok=True)
            await self._change(lambda file: file.prepare())
            await self.refresh()
        return self

    async def close(self) -> None:
        """Wait for what runs, and let go of the file."""
        for threads in (self._searchers, self._changer):
            await asyncio.to_thread(threads.shutdown)
        self._close_files()

    async def find(self, query: RegexQuery, *, limit: int, position: str | None) -> FoundIds:
        check_position(position)

        def search(file: SearchFile, deadline: float) -> FoundIds:
            pattern = self._compiler.compile(query.pattern)
            walk = Walk(
                pattern,
                query.fields,
                ScopeFilter.of(query.scope),
                position,
                limit,
                is_late=lambda: self._monotonic() >= deadline,
            )
            return find_page(walk, self._table, file)

        return await self._search(search)

    async def rank(self, query: TextQuery, *, limit: int, position: str | None, similar: bool = False) -> RankedIds:
        words = split_words(query.text)
        scope = ScopeFilter.of(query.scope)
        return await self._search(
            lambda file, _: rank_page(file, self._table, words, scope, limit=limit, position=position, similar=similar)
        )

    async def dependents(self, targets: Sequence[str], *, limit: int, position: str | None) -> FoundIds:
        check_position(position)
        found = await self._search(
            lambda file, _: list_dependents(file.connection, targets, limit=limit + 1, position=position)
        )
        return FoundIds(tuple(found[:limit]), found[limit - 1] if len(found) > limit else None)

    async def checkpoint(self) -> Checkpoint:
        return await self._change(lambda file: file.checkpoint())

    async def restart(self, *, at: Checkpoint, cursor: str) -> bool:
        return await self._change(lambda file: file.restart(at=at, cursor=cursor))

    async def apply(self, packages: Sequence[Package], gone: Sequence[str], *, at: Checkpoint, to: Checkpoint) -> bool:
        return await self._change(lambda file: file.apply(packages, gone, at=at, to=to))

    async def refresh(self) -> None:
        await self._change(self._take_news)

    def state(self) -> IndexState:
        return IndexState(ready=self._view.filled, packages=len(self._table))

    def _take_news(self, file: SearchFile) -> None:
        news = file.news(self._view)
        if news.rows is not None:
            self._table.load(news.rows)
        elif news.changes:
            self._table.apply(news.changes)
        # Only now: a search may begin in between, and a view that is ahead of the table would lose changes.
        self._view = news.view

    async def _search(self, work: Callable[[SearchFile, float], T]) -> T:
        if not self._view.filled:
            raise Unavailable(f"The search index is being built; it holds {len(self._table)} packages by now.")
        if self._waiting >= self._max_waiting:
            raise Unavailable(_TOO_MANY)
        came = self._monotonic()

        def search(file: SearchFile) -> T:
            begun = self._monotonic()
            if begun - came > self._wait_seconds:
                raise Unavailable(_TOO_MANY)
            # Time in the queue counts: when searches pile up, pages get shorter instead of later.
            return work(file, max(came + self._page_seconds, begun + self._least_seconds))

        self._waiting += 1
        try:
            return await self._run(self._searchers, search)
        finally:
            self._waiting -= 1

    async def _change(self, work: Callable[[SearchFile], T]) -> T:
        return await self._run(self._changer, work)

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[SearchFile], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, lambda: work(self._file()))
        except sqlite3.OperationalError as error:
            # Locked for long, a full disk. Damage is another error, and comes through.
            raise Unavailable(f"The search index cannot be used now ({error}). Try again.") from error

    def _close_files(self) -> None:
        for file in self._opened:
            file.close()
        self._opened.clear()
        self._files = threading.local()

    def _file(self) -> SearchFile:
        """The connection of this thread."""
        file: SearchFile | None = getattr(self._files, "file", None)
        if file is None:
            file = self._files.file = SearchFile(self._path)
            self._opened.append(file)
        return file
