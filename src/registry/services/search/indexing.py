"""Keeps a search index in step with the records."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from registry.domain.errors import Unavailable
from registry.domain.listing import Order, PackageFilter
from registry.ports.changes import ChangeFeed
from registry.ports.search import Checkpoint, IndexedRecords, SearchIndex

_log = structlog.get_logger()
_EVERYTHING = PackageFilter(status=None, order=Order.OLDEST)


class IndexFollower:
    """Fills an index from a walk over the records, then follows the change feed.

    Any number of processes may do so with one index: each step is taken by one of them, the others see that it was.
    """

    def __init__(
        self,
        feed: ChangeFeed,
        packages: IndexedRecords,
        index: SearchIndex,
        *,
        poll_seconds: float = 0.5,
        batch_packages: int = 200,
        before_open: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`before_open` is awaited once before the index is opened; it must not raise RegistryError."""
        self._feed = feed
        self._packages = packages
        self._index = index
        self._poll_seconds = poll_seconds
        self._batch_packages = batch_packages
        self._before_open = before_open
        self._round: asyncio.Future[None] | None = None
        self._rounds_begun = 0
        self._last_done = 0
        self.has_caught_up = False
        """Whether this process has once seen all that had changed before it started."""

    async def run(self) -> None:
        """Open the index and follow until cancelled. A store that cannot answer is asked again at the next poll.

        To open it here keeps a start short: reads need not wait until a million names are in memory.
        """
        is_open = False
        if self._before_open is not None:
            await self._before_open()
        while True:
            try:
                if not is_open:
                    await self._index.open()
                    is_open = True
                # Others' changes may be seen a moment later, for half the price, once all from before the start are.
                await (self._poll() if self.has_caught_up else self.catch_up())
            except Unavailable as error:
                _log.warning("search_index_waits", reason=str(error))
            await asyncio.sleep(self._poll_seconds)

    async def catch_up(self) -> None:
        """Return when searches of this process see every change that was acknowledged before the call.

        Callers that come while a round is under way share the next one, so that a burst of changes costs few rounds.
        """
        wanted = self._rounds_begun + 1
        while self._last_done < wanted:
            if self._round is not None:
                # All are woken at once: a lock would be handed on from one to the next, an iteration of the loop each.
                await asyncio.wait([self._round])
                continue
            self._rounds_begun += 1
            this = self._rounds_begun
            await self._take_round(current=True)
            self._last_done = this
            self.has_caught_up = True

    async def _poll(self) -> None:
        if self._round is None:
            await self._take_round(current=False)

    async def _take_round(self, *, current: bool) -> None:
        self._round = asyncio.get_running_loop().create_future()
        try:
            while not await self._step(current=current):
                pass
            await self._index.refresh()
        finally:
            self._round.set_result(None)
            self._round = None

    async def _step(self, *, current: bool) -> bool:
        """Take one step; whether there was none to take."""
        at = await self._index.checkpoint()
        if at.cursor is None:
            await self._index.restart(at=at, cursor=await self._feed.latest())
            return False
        if not at.filled:
            return await self._fill(at)
        page = await self._feed.read(at.cursor, limit=self._batch_packages, current=current)
        if page is None:
            _log.info("search_index_begins_anew")
            await self._index.restart(at=at, cursor=await self._feed.latest())
            return False
        if not page.package_ids and page.cursor == at.cursor:
            return page.complete
        present = await self._packages.get_many(page.package_ids) if page.package_ids else []
        gone = set(page.package_ids) - {package.id for package in present}
        done = await self._index.apply(present, sorted(gone), at=at, to=Checkpoint(page.cursor, None, filled=True))
        return done and page.complete

    async def _fill(self, at: Checkpoint) -> bool:
        page = await self._packages.list_page(_EVERYTHING, limit=self._batch_packages, after=at.walked)
        present = await self._packages.get_many([item.id for item in page.items])
        to = Checkpoint(at.cursor, page.next_after, filled=page.next_after is None)
        if await self._index.apply(present, (), at=at, to=to):
            await self._index.refresh()
            _log.info("search_index_filling", packages=self._index.state().packages, filled=to.filled)
        return False
