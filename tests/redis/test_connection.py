"""Redis goes away, hangs and comes back, under those who use it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from registry.adapters.redis.attempts import RedisAttemptCounter
from registry.adapters.redis.connection import RedisConnection, RedisLimits, open_redis
from registry.domain.errors import Unavailable
from tests.engines.fault_proxy import Fault, fault_proxy
from tests.engines.redis import RedisServer
from tests.factories import ManualClock

LIMITS = RedisLimits(connect_seconds=10, call_seconds=10, rest_seconds=0.05)
SHORT = RedisLimits(connect_seconds=0.2, call_seconds=0.2, rest_seconds=2)


class Heard:
    """What the hook was told."""

    def __init__(self) -> None:
        self.errors: list[Exception | None] = []

    def __call__(self, purpose: str, seconds: float, error: Exception | None) -> None:
        self.errors.append(error)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def connection(redis_server: RedisServer, heard: Heard) -> AsyncIterator[RedisConnection]:
    async with open_redis(redis_server.url, limits=LIMITS, on_call=heard) as connection:
        yield connection


async def back_again(connection: RedisConnection) -> None:
    """Return once Redis is used again."""
    async with asyncio.timeout(10):
        while True:
            try:
                await connection.ping()
            except Unavailable:
                await asyncio.sleep(LIMITS.rest_seconds)
            else:
                return


async def test_a_restart_is_not_noticed(connection: RedisConnection, redis_server: RedisServer) -> None:
    await connection.ping()
    redis_server.stop()
    redis_server.start()

    await connection.ping()


async def test_without_redis_calls_fail_and_with_it_they_work_again(
    connection: RedisConnection, redis_server: RedisServer, heard: Heard
) -> None:
    redis_server.stop()
    with pytest.raises(Unavailable):
        await connection.ping()
    assert heard.errors[-1] is not None

    redis_server.start()
    await back_again(connection)

    assert heard.errors[-1] is None


async def test_a_redis_that_hangs_costs_its_time_out_and_is_then_left_alone(
    redis_server: RedisServer, heard: Heard
) -> None:
    async with open_redis(redis_server.url, limits=SHORT, on_call=heard) as connection:
        redis_server.pause()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await connection.ping()
        with pytest.raises(Unavailable, match="in a moment"):
            await connection.ping()
        assert len(heard.errors) == 3, "the server was not asked a fourth time"

        redis_server.resume()
        await back_again(connection)


async def test_the_service_starts_without_redis(redis_server: RedisServer) -> None:
    redis_server.stop()
    async with open_redis(redis_server.url, limits=LIMITS) as connection:
        with pytest.raises(Unavailable):
            await connection.ping()
        redis_server.start()
        await back_again(connection)


async def test_an_answer_that_is_cut_off_is_no_answer(redis_server: RedisServer) -> None:
    async with fault_proxy(redis_server.url) as proxy:
        proxy.fault, proxy.cut_after_bytes = Fault.CUT, 2
        async with open_redis(f"redis://127.0.0.1:{proxy.port}/0", limits=LIMITS) as connection:
            with pytest.raises(Unavailable):
                await connection.ping()
            proxy.fault = Fault.NONE
            await back_again(connection)


async def test_attempts_are_not_counted_without_redis_and_counted_again_with_it(
    connection: RedisConnection, redis_server: RedisServer
) -> None:
    counter = RedisAttemptCounter(connection, clock=ManualClock())
    assert (await counter.hit("alice", window_seconds=60)).count == 1
    redis_server.stop()

    assert (await counter.hit("alice", window_seconds=60)).count == 0
    await counter.refund("alice", window_seconds=60)
    assert counter.uncounted == 2

    redis_server.start()
    await back_again(connection)
    assert (await counter.hit("alice", window_seconds=60)).count == 1


async def test_counts_leave_nothing_behind(connection: RedisConnection) -> None:
    clock = ManualClock()
    counter = RedisAttemptCounter(connection, clock=clock, prefix="attempts:")
    await counter.hit("alice", window_seconds=60)
    clock.advance(timedelta(seconds=30))
    await counter.hit("alice", window_seconds=60)

    left = await connection.call("test", lambda client: client.execute_command("PTTL", "attempts:alice"))

    assert 0 < left <= 60_000
