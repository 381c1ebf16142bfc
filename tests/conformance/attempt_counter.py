"""What every AttemptCounter does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import pytest

from registry.ports.throttle import AttemptCount, AttemptCounter
from tests.factories import ManualClock


class CounterBackend(Protocol):
    """One set of counts, and the clock that all who open it go by."""

    @property
    def clock(self) -> ManualClock: ...

    def open(self) -> AbstractAsyncContextManager[AttemptCounter]:
        """Open the counts as one more process would."""


class AttemptCounterContract:
    """Subclass in a module with the fixture `counter_home`."""

    @pytest.fixture
    async def attempts(self, counter_home: CounterBackend) -> AsyncIterator[AttemptCounter]:
        """The counts as this process has them."""
        async with counter_home.open() as opened:
            yield opened

    async def test_counts_per_key(self, attempts: AttemptCounter) -> None:
        counts = [await attempts.hit(key, window_seconds=60) for key in ("a", "b'%_", "a", "a")]

        assert [count.count for count in counts] == [1, 1, 2, 3]
        assert counts[-1].resets_after_seconds == 60.0

    async def test_window_ends_and_does_not_slide(self, attempts: AttemptCounter, counter_home: CounterBackend) -> None:
        await attempts.hit("a", window_seconds=60)
        counter_home.clock.advance(timedelta(seconds=45))
        assert await attempts.hit("a", window_seconds=60) == AttemptCount(2, 15.0)
        counter_home.clock.advance(timedelta(seconds=15))

        assert await attempts.hit("a", window_seconds=60) == AttemptCount(1, 60.0)

    async def test_count_tells_without_counting(self, attempts: AttemptCounter, counter_home: CounterBackend) -> None:
        assert await attempts.count("a") == 0
        for _ in range(2):
            await attempts.hit("a", window_seconds=60)
        assert [await attempts.count("a") for _ in range(2)] == [2, 2]
        async with counter_home.open() as others:
            assert await others.count("a") == 2
        counter_home.clock.advance(timedelta(seconds=60))
        assert await attempts.count("a") == 0

    async def test_refund_takes_one_back_and_never_more_than_there_is(self, attempts: AttemptCounter) -> None:
        for key in ("a", "a", "b"):
            await attempts.hit(key, window_seconds=60)

        await attempts.refund("a", window_seconds=60)
        await attempts.refund("unknown", window_seconds=60)
        for _ in range(3):
            await attempts.refund("b", window_seconds=60)

        assert (await attempts.hit("a", window_seconds=60)).count == 2
        assert (await attempts.hit("b", window_seconds=60)).count == 1
        assert (await attempts.hit("unknown", window_seconds=60)).count == 1

    async def test_no_attempt_of_many_processes_is_lost(
        self, attempts: AttemptCounter, counter_home: CounterBackend
    ) -> None:
        async with counter_home.open() as others:
            counts = await asyncio.gather(
                *((attempts, others)[number % 2].hit("a", window_seconds=60) for number in range(30))
            )

        assert sorted(count.count for count in counts) == list(range(1, 31))
