"""A number of bytes that many tasks share."""

import asyncio
from collections import deque


class ByteBudget:
    """Bytes to be held at one time, given out in the order of asking. One event loop uses it, so it needs no lock."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.free = capacity
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, count: int) -> None:
        """Take `count` bytes, at most the capacity, once they are free and those who asked before have theirs."""
        if not self._waiting and count <= self.free:
            self.free -= count
            return
        granted = asyncio.get_running_loop().create_future()
        entry = (count, granted)
        self._waiting.append(entry)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.release(count)
            else:
                self._waiting.remove(entry)
                self._grant()
            raise

    def release(self, count: int) -> None:
        """Give `count` bytes back."""
        self.free += count
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.free:
            count, granted = self._waiting.popleft()
            if granted.cancelled():
                continue
            self.free -= count
            granted.set_result(None)
