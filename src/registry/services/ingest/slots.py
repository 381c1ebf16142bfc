"""Who fetches next: so many at a time, and no user's packages keep those of the others waiting."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slot:
    """A package whose fetching is under way. Ends with `end`, however it went."""

    user: str
    package_id: str
    _slots: "FairSlots" = field(repr=False)
    _held: bool = True

    def end(self) -> None:
        """Let another one begin. Again does nothing."""
        if self._held:
            self._held = False
            self._slots.give_back(self.user)

    async def rest(self, wait: Awaitable[None]) -> None:
        """Let others fetch during `wait`, then wait for a slot to go on."""
        self.end()
        await wait
        await self._slots.take_again(self.user)
        self._held = True


class FairSlots:
    """`total` at a time, `per_user` of one user, and first of all the user who has the fewest under way.

    One event loop uses it, so it needs no lock.
    """

    def __init__(self, *, total: int, per_user: int) -> None:
        self._free = total
        self._per_user = per_user
        self._under_way: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()
        self._resuming: Counter[str] = Counter()
        self._changed = asyncio.Event()

    def ask(self, user: str, package_id: str) -> None:
        """Have a package fetched in the user's slot."""
        self._waiting.setdefault(user, deque()).append(package_id)
        self._changed.set()

    async def next(self) -> Slot:
        """The next package, once one may begin."""
        while (user := self._choose()) is None:
            await self._wait()
        packages = self._waiting.pop(user)
        package_id = packages.popleft()
        if packages:
            self._waiting[user] = packages  # after the other users
        self._take(user)
        return Slot(user, package_id, self)

    async def take_again(self, user: str) -> None:
        """Wait for a slot to go on with what was begun, before anything new begins."""
        self._resuming[user] += 1
        try:
            while not self._may(user):
                await self._wait()
            self._take(user)
        finally:
            self._resuming[user] -= 1
            self._changed.set()

    def give_back(self, user: str) -> None:
        """A slot has ended."""
        self._free += 1
        self._under_way[user] -= 1
        if not self._under_way[user]:
            del self._under_way[user]
        self._changed.set()

    def _choose(self) -> str | None:
        if any(count and self._may(user) for user, count in self._resuming.items()):
            return None
        able = (user for user in self._waiting if self._may(user))
        return min(able, key=lambda user: self._under_way[user], default=None)

    def _may(self, user: str) -> bool:
        return self._free > 0 and self._under_way[user] < self._per_user

    def _take(self, user: str) -> None:
        self._free -= 1
        self._under_way[user] += 1

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
