"""Counting attempts in Redis."""

from typing import cast

from registry.adapters.redis.connection import RedisCommands, RedisConnection
from registry.domain.errors import Unavailable
from registry.domain.times import to_microseconds
from registry.ports.clock import Clock
from registry.ports.throttle import AttemptCount

_HIT = """
local ends = redis.call('HGET', KEYS[1], 'ends')
if not ends or tonumber(ends) <= tonumber(ARGV[1]) then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'ends', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    ends = ARGV[2]
end
return {redis.call('HINCRBY', KEYS[1], 'count', 1), ends}
"""
"""Counts within the window, or begins one: now and the new window's end in microseconds, its length in milliseconds."""

_REFUND = """
if tonumber(redis.call('HGET', KEYS[1], 'count') or '0') > 0 then
    redis.call('HINCRBY', KEYS[1], 'count', -1)
end
"""


class RedisAttemptCounter:
    """Implements `AttemptCounter`: a window begins with its first attempt.

    Fails open: without Redis nothing is counted. The connection's hook hears of it, and `uncounted` counts it.
    """

    def __init__(self, redis: RedisConnection, *, clock: Clock, prefix: str = "registry:attempts:") -> None:
        self._redis = redis
        self._clock = clock
        self._prefix = prefix
        self.uncounted = 0

    async def hit(self, key: str, *, window_seconds: int) -> AttemptCount:
        now = to_microseconds(self._clock.now())
        end = now + window_seconds * 1_000_000

        async def invoke(client: RedisCommands) -> tuple[int, bytes]:
            answer = await client.execute_command("EVAL", _HIT, 1, self._prefix + key, now, end, window_seconds * 1_000)
            return cast("tuple[int, bytes]", answer)

        try:
            count, ends_at = await self._redis.call("attempts.hit", invoke)
        except Unavailable:
            self.uncounted += 1
            return AttemptCount(count=0, resets_after_seconds=0.0)
        return AttemptCount(count, (int(ends_at) - now) / 1_000_000)

    async def count(self, key: str) -> int:
        async def invoke(client: RedisCommands) -> list[bytes | None]:
            answer = await client.execute_command("HMGET", self._prefix + key, "count", "ends")
            return cast("list[bytes | None]", answer)

        try:
            count, ends_at = await self._redis.call("attempts.count", invoke)
        except Unavailable:
            self.uncounted += 1
            return 0
        is_over = ends_at is None or int(ends_at) <= to_microseconds(self._clock.now())
        return 0 if count is None or is_over else int(count)

    async def refund(self, key: str, *, window_seconds: int) -> None:  # noqa: ARG002  (windows end by themselves)
        try:
            await self._redis.call(
                "attempts.refund", lambda client: client.execute_command("EVAL", _REFUND, 1, self._prefix + key)
            )
        except Unavailable:
            self.uncounted += 1
