"""Loops that run beside the requests, for as long as the process lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import structlog

from registry.domain.errors import RegistryError

_log = structlog.get_logger(__name__)
_RESTART_SECONDS = 5.0


T = TypeVar("T")
Loops = Mapping[str, Callable[[], Awaitable[None]]]
"""Loops by name, each of which runs until it is cancelled."""


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let `work` go on for as long as the block does; it is cancelled, and has ended, when the block is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        # Not `await task` with its CancelledError suppressed: that of the caller would be suppressed with it.
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def run_loops(loops: Loops) -> None:
    """Run every loop until cancelled. One that breaks is logged and begun again; the others do not notice."""
    async with asyncio.TaskGroup() as tasks:
        for name, loop in loops.items():
            tasks.create_task(_supervised(name, loop), name=name)


async def _supervised(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001  (whatever it is, the other loops go on)
            _log.exception("background_loop_failed", loop=name, restart_seconds=_RESTART_SECONDS)
        await asyncio.sleep(_RESTART_SECONDS)


async def write_in_batches(wake: asyncio.Event, flush: Callable[[], Awaitable[None]], *, seconds: float) -> None:
    """Call `flush`, which clears `wake`, a moment after each time that `wake` is set; once more when cancelled."""
    try:
        while True:
            await wake.wait()
            await asyncio.sleep(seconds)
            await flush()
    finally:
        with suppress(RegistryError):
            await flush()


async def batched(items: AsyncIterator[T], most: int) -> AsyncIterator[list[T]]:
    """The items in lists of `most`, the last of which may be shorter."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
