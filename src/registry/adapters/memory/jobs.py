"""Jobs as tasks of the process."""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

import structlog

from registry.domain.cancellation import check_cancelled
from registry.ports.jobs import JobHandler

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 0.02
"""Long enough to see through the moments in which a busy process waits for the disk."""
_BUSY_SHARE = 0.2
"""Of a core. A burst of small publishes takes a whole one, or what other programs leave of it."""
PATIENCE_SECONDS = 0.5


class LocalJobQueue:
    """Implements `JobQueue`, and does the jobs: `concurrent` at a time, each package at most once in the queue.

    Requests go first: a job begins when the process is not busy, or has been for `patience_seconds`. Users have turns,
    and while a job of a user runs, the last of the `concurrent` places is for another one: slow jobs of one user delay
    nobody else's.
    """

    def __init__(
        self,
        *,
        concurrent: int = 2,
        patience_seconds: float = PATIENCE_SECONDS,
        cpu_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        """`cpu_seconds` gives the CPU time of the process so far."""
        self._concurrent = concurrent
        self._patience_seconds = patience_seconds
        self._cpu_seconds = cpu_seconds
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()
        self._known: set[str] = set()
        self._at_work: Counter[str] = Counter()
        self._changed = asyncio.Event()

    async def put(self, package_id: str, *, user: str) -> None:
        if package_id not in self._known:
            self._known.add(package_id)
            self._waiting.setdefault(user, deque()).append(package_id)
            self._changed.set()

    async def run(self, handler: JobHandler) -> None:
        """Do jobs until cancelled. One that fails is logged; its request brings it back."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._concurrent):
                tasks.create_task(self._work(handler))

    async def _work(self, handler: JobHandler) -> None:
        while True:
            user, package_id = await self._next()
            try:
                await self._let_requests_go_first()
                # Forgotten before the work begins: what is put while it goes on must not get lost.
                self._known.discard(package_id)
                await handler(package_id)
            except Exception:  # noqa: BLE001 - one job must not end the others
                _log.exception("job_failed", package_id=package_id)
            finally:
                self._at_work[user] -= 1
            check_cancelled()
            self._changed.set()

    async def _next(self) -> tuple[str, str]:
        """The user whose turn it is, and the package that has waited longest of theirs."""
        while (user := next(filter(self._may_begin, self._waiting), None)) is None:
            self._changed.clear()
            await self._changed.wait()
        packages = self._waiting.pop(user)
        package_id = packages.popleft()
        if packages:
            self._waiting[user] = packages  # at the end: the others come first
        self._at_work[user] += 1
        return user, package_id

    def _may_begin(self, user: str) -> bool:
        return not self._at_work[user] or self._at_work.total() + 1 < self._concurrent or self._concurrent == 1

    async def _let_requests_go_first(self) -> None:
        loop = asyncio.get_running_loop()
        now, used = loop.time(), self._cpu_seconds()
        deadline = now + self._patience_seconds
        while now < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            (before, now), (used_before, used) = (now, loop.time()), (used, self._cpu_seconds())
            if used - used_before < _BUSY_SHARE * (now - before):
                return
