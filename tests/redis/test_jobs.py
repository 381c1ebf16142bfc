"""Jobs on a Redis stream: each is done, by one worker at a time, whatever dies in between."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from registry.adapters.redis.jobs import GROUP, RedisJobQueue, StreamLimits, open_job_queue
from registry.domain.errors import Unavailable
from tests.engines.redis import RedisServer

LIMITS = StreamLimits(put_seconds=10, block_seconds=0.2, idle_seconds=60, rest_seconds=0.01)


class Worker:
    """Counts the jobs it does; `hold` keeps it in the middle of one."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.began = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, package_id: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.began.set()
        try:
            await self.hold.wait()
        finally:
            self.at_once -= 1
        if package_id == "poison":
            raise ValueError(package_id)
        self.done[package_id] += 1


@pytest.fixture
def stream() -> str:
    return f"jobs-{uuid.uuid4().hex}"


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url) as client:
        yield client


@asynccontextmanager
async def working(queue: RedisJobQueue, worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run(worker))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def test_every_job_is_done_once_by_one_of_the_workers_and_leaves_nothing(
    redis_server: RedisServer, redis: Redis, stream: str
) -> None:
    first, second = Worker(), Worker()
    async with (
        open_job_queue(redis_server.url, concurrent=2, stream=stream, limits=LIMITS) as one,
        open_job_queue(redis_server.url, concurrent=2, stream=stream, limits=LIMITS) as other,
    ):
        await one.put("before the first worker", user="ann")
        async with working(one, first), working(other, second):
            for number in range(20):
                await one.put(str(number), user="ann")
            await until(lambda: (first.done + second.done).total() == 21)

            async def is_empty() -> bool:
                return (await redis.xpending(stream, GROUP))["pending"] == 0 and await redis.xlen(stream) == 0

            await until(is_empty)
    assert set((first.done + second.done).values()) == {1}
    assert max(first.most_at_once, second.most_at_once) <= 2
    assert len(await redis.xinfo_consumers(stream, GROUP)) == 1


async def test_the_job_of_a_worker_that_died_is_done_by_another(redis_server: RedisServer, stream: str) -> None:
    dying, living = Worker(), Worker()
    dying.hold.clear()
    idle = StreamLimits(put_seconds=10, block_seconds=0.05, idle_seconds=0.1, rest_seconds=0.01)
    async with (
        open_job_queue(redis_server.url, stream=stream, limits=LIMITS) as one,
        open_job_queue(redis_server.url, stream=stream, limits=idle) as other,
    ):
        await one.put("package", user="ann")
        async with working(one, dying):
            await dying.began.wait()
        assert not dying.done
        async with working(other, living):
            await until(lambda: living.done == {"package": 1})


async def test_a_job_that_fails_is_logged_and_the_next_is_done(redis_server: RedisServer, stream: str) -> None:
    worker = Worker()
    with capture_logs() as logs:
        async with open_job_queue(redis_server.url, concurrent=1, stream=stream, limits=LIMITS) as queue:
            await queue.put("poison", user="ann")
            await queue.put("package", user="ann")
            async with working(queue, worker):
                await until(lambda: worker.done == {"package": 1})
    assert [entry["event"] for entry in logs] == ["job_failed"]


async def test_the_number_of_waiting_jobs_is_bounded(redis_server: RedisServer, redis: Redis, stream: str) -> None:
    limits = StreamLimits(put_seconds=10, max_entries=100)
    async with open_job_queue(redis_server.url, stream=stream, limits=limits) as queue:
        for number in range(500):
            await queue.put(str(number), user="ann")
    assert await redis.xlen(stream) < 300  # Redis drops whole nodes of a hundred


async def test_entries_of_another_form_are_dropped(redis_server: RedisServer, redis: Redis, stream: str) -> None:
    worker = Worker()
    async with open_job_queue(redis_server.url, stream=stream, limits=LIMITS) as queue:
        await redis.xadd(stream, {"data": b"\xff\x00"})
        await redis.xadd(stream, {"package": "package"})
        async with working(queue, worker):
            await until(lambda: worker.done == {"package": 1})


async def test_a_worker_outlives_redis_without_a_trace_and_goes_on_when_it_is_back(
    redis_server: RedisServer, redis: Redis, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker()
    with capture_logs() as logs:
        async with open_job_queue(redis_server.url, stream=stream, limits=LIMITS) as queue, working(queue, worker):
            await queue.put("before", user="ann")
            await until(lambda: worker.done == {"before": 1})
            redis_server.kill()
            await until(lambda: bool(logs))
            with pytest.raises(Unavailable):
                await queue.put("meanwhile", user="ann")
            redis_server.start()  # and it has forgotten the stream and its group
            await redis.xadd(stream, {"package": "after"})
            await until(lambda: worker.done == {"before": 1, "after": 1})
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("job_queue_away", "warning"),
        ("job_queue_back", "info"),
    ]
    assert not caplog.records
    assert StreamLimits().rest_seconds < 1


async def test_a_job_that_ends_while_redis_is_away_is_done_once_more_at_most(
    redis_server: RedisServer, stream: str
) -> None:
    worker = Worker()
    worker.hold.clear()
    async with open_job_queue(redis_server.url, stream=stream, limits=LIMITS) as queue, working(queue, worker):
        await queue.put("package", user="ann")
        await worker.began.wait()
        redis_server.stop()
        worker.hold.set()
        await until(lambda: worker.done == {"package": 1})
        redis_server.start()
        await queue.put("next", user="ann")
        await until(lambda: worker.done["next"] == 1)
