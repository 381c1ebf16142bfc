"""The conformance suites over the scaled backend of what processes share for a while."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from registry.adapters.redis.attempts import RedisAttemptCounter
from registry.adapters.redis.cache import RedisRatingCache
from registry.adapters.redis.connection import RedisLimits, open_redis
from tests.conformance.attempt_counter import AttemptCounterContract
from tests.conformance.rating_cache import RatingCacheContract
from tests.factories import ManualClock

PATIENT = RedisLimits(connect_seconds=30, call_seconds=30)


class RedisCounterBackend:
    """Keys of its own in a Redis that others use too."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"{uuid.uuid4().hex}:"
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[RedisAttemptCounter]:
        async with open_redis(self._url, limits=PATIENT) as redis:
            yield RedisAttemptCounter(redis, clock=self.clock, prefix=self._prefix)


@pytest.fixture
def counter_home(redis_url: str) -> RedisCounterBackend:
    return RedisCounterBackend(redis_url)


class TestAttemptCounter(AttemptCounterContract):
    pass


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisRatingCache]:
    async with open_redis(redis_url, limits=PATIENT) as redis:
        yield RedisRatingCache(redis, prefix=f"{uuid.uuid4().hex}:")


class TestRatingCache(RatingCacheContract):
    pass
