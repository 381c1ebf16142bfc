"""The conformance suites over what one process keeps to itself."""

from dataclasses import replace

import pytest

from registry.adapters.memory.cache import MemoryRatingCache
from registry.adapters.system.clock import SystemClock
from tests.conformance.rating_cache import RATING, RatingCacheContract


@pytest.fixture
def cache() -> MemoryRatingCache:
    return MemoryRatingCache(SystemClock())


class TestRatingCache(RatingCacheContract):
    pass


async def test_drops_what_was_not_asked_for_longest_when_full() -> None:
    cache = MemoryRatingCache(SystemClock(), max_bytes=250)
    rating = replace(RATING, body=b"x" * 100)
    for package_id in ("p", "q"):
        await cache.put(package_id, 1, rating, ttl_seconds=60)
    await cache.get("p", 1)
    await cache.put("r", 1, rating, ttl_seconds=60)
    assert [await cache.get(package_id, 1) is not None for package_id in ("p", "q", "r")] == [True, False, True]
