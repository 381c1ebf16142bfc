"""What every RatingCache does."""

import asyncio
from datetime import timedelta

from registry.ports.cache import CachedRating, RatingCache
from tests.factories import ManualClock

NOW = ManualClock().now()
RATING = CachedRating(b'{"net_score":0.5}', '"abc"', NOW, NOW + timedelta(microseconds=1))
TTL = 60.0


class RatingCacheContract:
    """Subclass in a module with the fixture `cache`."""

    async def test_gives_back_what_was_put(self, cache: RatingCache) -> None:
        assert await cache.get("p", 1) is None
        await cache.put("p", 1, RATING, ttl_seconds=TTL)
        assert await cache.get("p", 1) == RATING
        assert await cache.get("p", 2) is None
        assert await cache.get("q", 1) is None

    async def test_forgets(self, cache: RatingCache) -> None:
        await cache.put("p", 1, RATING, ttl_seconds=TTL)
        await cache.delete("p", 1)
        await cache.delete("p", 1)
        assert await cache.get("p", 1) is None

    async def test_a_slow_reader_does_not_undo_a_newer_rating(self, cache: RatingCache) -> None:
        newer = CachedRating(b"{}", '"new"', NOW + timedelta(microseconds=5), NOW)
        await cache.put("p", 1, newer, ttl_seconds=TTL)
        await cache.put("p", 1, RATING, ttl_seconds=TTL)
        assert await cache.get("p", 1) == newer

        newest = CachedRating(b"[]", '"newest"', NOW + timedelta(seconds=5), NOW)
        await cache.put("p", 1, newest, ttl_seconds=TTL)
        assert await cache.get("p", 1) == newest

    async def test_expires(self, cache: RatingCache) -> None:
        await cache.put("p", 1, RATING, ttl_seconds=0.05)
        async with asyncio.timeout(10):
            while await cache.get("p", 1) is not None:  # noqa: ASYNC110 - nobody tells when a cache forgets
                await asyncio.sleep(0.01)
