"""The memory that bodies on their way in may hold together, however many clients there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registry.domain.byte_budget import ByteBudget
from registry.domain.errors import Unavailable

STREAM_BYTES = 4 * 1024 * 1024
"""What one streamed body holds at most: a chunk coming in, one being written, and the connection's buffers."""
UNASKED_BYTES = 64 * 1024
"""Bodies up to this length need not wait: they hold no more than any other request."""
_RETRY_SECONDS = 5


class Admission:
    """Lets bodies in, in the order of asking."""

    def __init__(self, *, total_bytes: int, wait_seconds: float) -> None:
        self._memory = ByteBudget(total_bytes)
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes (never more than there are at all). Raises Unavailable when none come free in time."""
        if size <= UNASKED_BYTES:
            yield
            return
        wanted = min(size, self._memory.capacity)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._memory.acquire(wanted)
        except TimeoutError:
            raise Unavailable(
                "Too many uploads are under way. Try again soon.", retry_after_seconds=_RETRY_SECONDS
            ) from None
        try:
            yield
        finally:
            self._memory.release(wanted)
