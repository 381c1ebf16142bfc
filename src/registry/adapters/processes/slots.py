"""A bounded number of jobs at a time, shared fairly among users."""

import asyncio
from collections import Counter, OrderedDict, deque


class FairSlots:
    """`count` slots. Users wait in turn; the last free slot goes to a user who has none, so one is never shut out."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def acquire(self, user: str) -> None:
        """Wait for a slot; the one that gets it gives it back by `release`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(user)
            raise

    def release(self, user: str) -> None:
        self._held[user] -= 1
        if self._held[user] <= 0:
            del self._held[user]
        self._hand_out()

    def _hand_out(self) -> None:
        while (user := next(filter(self._may_start, self._waiting), None)) is not None:
            turns = self._waiting.pop(user)
            turn = turns.popleft()
            if turns:
                self._waiting[user] = turns  # at the end: the others come first
            if not turn.done():
                self._held[user] += 1
                turn.set_result(None)

    def _may_start(self, user: str) -> bool:
        free = self._count - self._held.total()
        return free > 1 or (free == 1 and (self._count == 1 or user not in self._held))
