"""Jobs in the process: each is done, and requests go first."""

import asyncio
import contextlib
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
    await queue.put("p", user="ann")
    await done.wait()
    running.cancel()
    await asyncio.wait([running])
    return loop.time() - began


async def test_begins_where_nothing_else_is_done() -> None:
    assert await seconds_until_done(lambda: 1.0, patience_seconds=3600) < 60


async def test_begins_when_patience_has_ended_though_the_process_is_busy() -> None:
    busy = itertools.count()
    assert await seconds_until_done(lambda: next(busy), patience_seconds=0.1) >= 0.1


async def test_slow_jobs_of_one_user_leave_a_place_for_others() -> None:
    queue = LocalJobQueue(concurrent=2, patience_seconds=0)
    done: asyncio.Queue[str] = asyncio.Queue()

    async def handler(package_id: str) -> None:
        if package_id.startswith("slow"):
            await asyncio.Event().wait()
        await done.put(package_id)

    running = asyncio.create_task(queue.run(handler))
    for number in range(10):
        await queue.put(f"slow-{number}", user="eve")
    for package_id, user in (("a", "ann"), ("b", "bob"), ("c", "ann")):
        await queue.put(package_id, user=user)
    assert [await done.get() for _ in range(3)] == ["a", "b", "c"]
    running.cancel()
    await asyncio.wait([running])


async def test_one_user_alone_may_have_all_places_but_one_and_a_single_place() -> None:
    for concurrent, expected in ((1, 1), (2, 1), (4, 3)):
        queue = LocalJobQueue(concurrent=concurrent, patience_seconds=0)
        begun: list[str] = []

        async def handler(package_id: str, begun: list[str] = begun) -> None:
            begun.append(package_id)
            await asyncio.Event().wait()

        running = asyncio.create_task(queue.run(handler))
        for number in range(8):
            await queue.put(str(number), user="eve")
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(begun) == expected
        running.cancel()
        await asyncio.wait([running])


async def test_ends_though_a_job_lost_the_cancellation() -> None:
    begun = asyncio.Event()

    async def lose(package_id: str) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    queue = LocalJobQueue(concurrent=2, patience_seconds=0)
    running = asyncio.create_task(queue.run(lose))
    await queue.put("one", user="alice")
    await begun.wait()
    running.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([running])
    assert running.cancelled()
