"""The memory that uploads may hold together, however many clients there are."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registry.domain.errors import Unavailable

STREAM_BYTES = 4 * 1024 * 1024
"""What one streamed body holds at most: a chunk coming in, one being written, and the connection's buffers."""
UNASKED_BYTES = 64 * 1024
"""Bodies up to this length need not wait: they hold no more than any other request."""
_RETRY_SECONDS = 5


class Admission:
    """Gives out bytes in the order of asking. One event loop uses it, so it needs no lock."""

    def __init__(self, *, total_bytes: int, wait_seconds: float) -> None:
        self._total_bytes = total_bytes
        self._wait_seconds = wait_seconds
        self._free_bytes = total_bytes
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes (never more than there are at all). Raises Unavailable when none come free in time."""
        if size <= UNASKED_BYTES:
            yield
            return
        wanted = min(size, self._total_bytes)
        await self._take(wanted)
        try:
            yield
        finally:
            self._give_back(wanted)

    async def _take(self, wanted: int) -> None:
        if not self._waiting and wanted <= self._free_bytes:
            self._free_bytes -= wanted
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, granted))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await granted
        except BaseException as error:
            if granted.done() and not granted.cancelled():
                self._give_back(wanted)
            else:
                self._waiting.remove((wanted, granted))
                self._grant()
            if isinstance(error, TimeoutError):
                raise Unavailable(
                    "Too many uploads are under way. Try again soon.", retry_after_seconds=_RETRY_SECONDS
                ) from None
            raise

    def _give_back(self, size: int) -> None:
        self._free_bytes += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free_bytes:
            size, granted = self._waiting.popleft()
            if not granted.cancelled():
                self._free_bytes -= size
                granted.set_result(None)
