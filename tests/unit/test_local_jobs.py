"""Jobs in the process: each is done, and requests go first."""

import asyncio
import itertools
from collections.abc import Callable

from registry.adapters.memory.jobs import LocalJobQueue


async def seconds_until_done(cpu_seconds: Callable[[], float], *, patience_seconds: float) -> float:
    queue = LocalJobQueue(patience_seconds=patience_seconds, cpu_seconds=cpu_seconds)
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    async def handler(package_id: str) -> None:
        assert package_id == "p"
        done.set()

    running = asyncio.create_task(queue.run(handler))
    began = loop.time()
    await queue.put("p")
    await done.wait()
    running.cancel()
    await asyncio.wait([running])
    return loop.time() - began


async def test_begins_where_nothing_else_is_done() -> None:
    assert await seconds_until_done(lambda: 1.0, patience_seconds=3600) < 60


async def test_begins_when_patience_has_ended_though_the_process_is_busy() -> None:
    busy = itertools.count()
    assert await seconds_until_done(lambda: next(busy), patience_seconds=0.1) >= 0.1
