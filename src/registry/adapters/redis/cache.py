"""Cached ratings in Redis, under `package_rating:{id}:{revision}`."""

from datetime import datetime
from typing import cast

from registry.adapters.redis.connection import RedisConnection
from registry.domain.errors import Unavailable
from registry.ports.cache import CachedRating

_PUT = """
local present = redis.call('HGET', KEYS[1], 'rated_at')
if present and present > ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[1], 'rated_at', ARGV[1], 'stored_at', ARGV[2], 'etag', ARGV[3], 'body', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""
"""Keeps the one that was made last. Times are ISO 8601 in UTC with microseconds, so their order is that of the text."""


class RedisRatingCache:
    """Implements `RatingCache`. Fails open; the connection's hook hears of every failure."""

    def __init__(self, redis: RedisConnection, *, prefix: str = "package_rating:") -> None:
        self._redis = redis
        self._prefix = prefix

    async def get(self, package_id: str, revision: int) -> CachedRating | None:
        key = self._key(package_id, revision)
        try:
            answer = await self._redis.call(
                "cache.get",
                lambda client: client.execute_command("HMGET", key, "body", "etag", "rated_at", "stored_at"),
            )
        except Unavailable:
            return None
        body, etag, rated_at, stored_at = cast("list[bytes | None]", answer)
        if body is None or etag is None or rated_at is None or stored_at is None:
            return None
        return CachedRating(body, etag.decode(), _time(rated_at), _time(stored_at))

    async def put(self, package_id: str, revision: int, rating: CachedRating, *, ttl_seconds: float) -> None:
        key, ttl = self._key(package_id, revision), max(1, int(ttl_seconds * 1000))
        times = _text(rating.rated_at), _text(rating.stored_at)
        try:
            await self._redis.call(
                "cache.put",
                lambda client: client.execute_command("EVAL", _PUT, 1, key, *times, rating.etag, rating.body, ttl),
            )
        except Unavailable:
            return

    async def delete(self, package_id: str, revision: int) -> None:
        key = self._key(package_id, revision)
        try:
            await self._redis.call("cache.delete", lambda client: client.execute_command("DEL", key))
        except Unavailable:
            return

    def _key(self, package_id: str, revision: int) -> str:
        return f"{self._prefix}{package_id}:{revision}"


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _time(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode())
