"""Jobs as tasks of the process."""

import asyncio

import structlog

from registry.ports.jobs import JobHandler

_log = structlog.get_logger(__name__)


class LocalJobQueue:
    """Implements `JobQueue`, and does the jobs: `concurrent` at a time, each package at most once in the queue."""

    def __init__(self, *, concurrent: int = 2) -> None:
        self._concurrent = concurrent
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()

    async def put(self, package_id: str) -> None:
        if package_id not in self._known:
            self._known.add(package_id)
            self._waiting.put_nowait(package_id)

    async def run(self, handler: JobHandler) -> None:
        """Do jobs until cancelled. One that fails is logged; its mark brings it back."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._concurrent):
                tasks.create_task(self._work(handler))

    async def _work(self, handler: JobHandler) -> None:
        while True:
            package_id = await self._waiting.get()
            # Forgotten before the work begins: what is put while it goes on must not get lost.
            self._known.discard(package_id)
            try:
                await handler(package_id)
            except Exception:  # noqa: BLE001 - one job must not end the others
                _log.exception("job_failed", package_id=package_id)
