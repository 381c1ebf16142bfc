"""What every AttemptCounter does."""

import asyncio
from datetime import timedelta

from tests.conformance.records import RecordHome, Records

from registry.ports.throttle import AttemptCount


class AttemptCounterContract:
    """Subclass in a module with the fixture `home`."""

    async def test_counts_per_key(self, records: Records) -> None:
        counts = [await records.attempts.hit(key, window_seconds=60) for key in ("a", "b'%_", "a", "a")]

        assert [count.count for count in counts] == [1, 1, 2, 3]
        assert counts[-1].resets_after_seconds == 60.0

    async def test_window_ends_and_does_not_slide(self, records: Records, home: RecordHome) -> None:
        await records.attempts.hit("a", window_seconds=60)
        home.clock.advance(timedelta(seconds=45))
        assert await records.attempts.hit("a", window_seconds=60) == AttemptCount(2, 15.0)
        home.clock.advance(timedelta(seconds=15))

        assert await records.attempts.hit("a", window_seconds=60) == AttemptCount(1, 60.0)

    async def test_clear(self, records: Records) -> None:
        for key in ("a", "a", "b"):
            await records.attempts.hit(key, window_seconds=60)

        await records.attempts.clear("a")
        await records.attempts.clear("unknown")

        assert (await records.attempts.hit("a", window_seconds=60)).count == 1
        assert (await records.attempts.hit("b", window_seconds=60)).count == 2

    async def test_no_attempt_of_many_processes_is_lost(self, records: Records, others: Records) -> None:
        counts = await asyncio.gather(
            *((records, others)[number % 2].attempts.hit("a", window_seconds=60) for number in range(30))
        )

        assert sorted(count.count for count in counts) == list(range(1, 31))
