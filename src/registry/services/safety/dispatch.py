"""Which request is worked on next, in this process: a fair share for each user.

A user's slow contents may hold all places of a process but one, so that others never wait for them. Who has the fewest
under way comes first.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from registry.domain.errors import RegistryError
from registry.ports.clock import Clock
from registry.ports.jobs import JobQueue
from registry.ports.verdicts import ScanRequestStore

_log = structlog.get_logger(__name__)
_LISTED = 200
_MOST_HINTS = 1_000
_AFTER_FAILURE_SECONDS = 60.0


class RequestWork(Protocol):
    """What is done for a package; `put_off` when that broke in a way nobody thought of."""

    async def perform(self, package_id: str) -> None: ...

    async def put_off(self, package_id: str, *, seconds: float) -> None: ...


class PerUser:
    """Packages that wait, by who asked: a choice among users does not look at each of their packages."""

    def __init__(self) -> None:
        self.packages: dict[str, dict[str, None]] = {}
        self._users: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._users)

    def __bool__(self) -> bool:
        return bool(self._users)

    def add(self, package_id: str, asked_by: str) -> None:
        """A package stands where it came first, for who asked last."""
        if self._users.get(package_id) != asked_by:
            self.pop(package_id)
            self._users[package_id] = asked_by
            self.packages.setdefault(asked_by, {})[package_id] = None

    def pop(self, package_id: str) -> str | None:
        """Who asked for the package, which waits no more; None where it did not."""
        user = self._users.pop(package_id, None)
        if user is not None:
            of_user = self.packages[user]
            del of_user[package_id]
            if not of_user:
                del self.packages[user]
        return user


class ScanHints:
    """Requests that have just been opened in this process. Without a hint the next look finds them."""

    def __init__(self) -> None:
        self.waiting = PerUser()
        self.wake = asyncio.Event()
        self.has_place: Callable[[str], bool] | None = None
        """Whether another package of a user may be worked on at once; None in a process that does not scan."""

    def add(self, package_id: str, asked_by: str) -> None:
        """No effect in a process that does not scan."""
        if self.has_place is not None and len(self.waiting) < _MOST_HINTS:
            self.waiting.add(package_id, asked_by)
            if self.has_place(asked_by):  # otherwise the end of another one wakes the dispatcher
                self.wake.set()


class ScanDispatch:
    def __init__(
        self,
        requests: ScanRequestStore,
        work: RequestWork,
        hints: ScanHints,
        *,
        clock: Clock,
        places: int,
        look_seconds: float,
    ) -> None:
        """`places`: requests worked on at a time. `look_seconds`: between looks at the store for what is due."""
        self._requests = requests
        self._work = work
        self._clock = clock
        self._places = places
        self._each = max(1, places - 1)
        self._look = timedelta(seconds=look_seconds)
        self._next_look = clock.now()
        self._more = False
        self._hints = hints
        self._listed = PerUser()
        self._under_way: dict[str, str] = {}

    async def run(self, jobs: JobQueue) -> None:
        """Hand requests to `jobs` until cancelled."""
        self._hints.has_place = self._has_place
        try:
            while True:
                self._hints.wake.clear()
                try:
                    await self._hand_over(jobs)
                except RegistryError as error:
                    _log.warning("scan_requests_not_listed", reason=str(error))
                try:
                    async with asyncio.timeout(self._look.total_seconds()):
                        await self._hints.wake.wait()
                except TimeoutError:
                    pass
        finally:
            self._hints.has_place = None

    async def perform(self, package_id: str) -> None:
        """Do one job that was handed over."""
        try:
            await self._work.perform(package_id)
        except RegistryError as error:
            _log.warning("verdict_waits", package_id=package_id, reason=str(error))
        except Exception:  # noqa: BLE001 - one package must not hold up the others
            _log.exception("verdict_broke", package_id=package_id)
            await self._work.put_off(package_id, seconds=_AFTER_FAILURE_SECONDS)
        finally:
            self._under_way.pop(package_id, None)
            self._hints.wake.set()

    def _has_place(self, user: str) -> bool:
        users = self._under_way.values()
        return len(users) < self._places and sum(each == user for each in users) < self._each

    async def _hand_over(self, jobs: JobQueue) -> None:
        while len(self._under_way) < self._places:
            await self._look_for_more()
            chosen = self._choose()
            if chosen is None:
                return
            hinted, listed = self._hints.waiting.pop(chosen), self._listed.pop(chosen)
            self._under_way[chosen] = hinted or listed or ""
            await jobs.put(chosen, user=self._under_way[chosen])

    async def _look_for_more(self) -> None:
        now = self._clock.now()
        if now < self._next_look and (self._listed or not self._more):
            return
        due = await self._requests.list_due(now, limit=_LISTED)
        self._listed = PerUser()
        for each in due:
            self._listed.add(each.package_id, each.asked_by)
        self._next_look = now + self._look
        self._more = len(due) == _LISTED

    def _choose(self) -> str | None:
        counts = Counter(self._under_way.values())
        best: tuple[int, str] | None = None
        for waiting in (self._hints.waiting, self._listed):
            for asked_by, packages in waiting.packages.items():
                busy = counts[asked_by]
                if busy >= self._each or (best is not None and busy >= best[0]):
                    continue
                package_id = next((each for each in packages if each not in self._under_way), None)
                if package_id is None:
                    continue
                if busy == 0:
                    return package_id
                best = (busy, package_id)
        return None if best is None else best[1]
