"""Counting attempts when the engine is gone, and what stays of old counts."""

from datetime import timedelta
from pathlib import Path

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.schema import THROTTLE
from registry.adapters.sqlite.throttle import SqliteAttemptCounter
from registry.ports.throttle import AttemptCount
from tests.factories import ManualClock


async def test_fails_open_and_says_so(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "throttle.db", migrations=THROTTLE, durable=False)
    counter = SqliteAttemptCounter(database, ManualClock())
    await counter.hit("a", window_seconds=60)
    assert counter.uncounted == 0
    await database.close()

    assert await counter.hit("a", window_seconds=60) == AttemptCount(0, 0.0)
    await counter.refund("a", window_seconds=60)
    assert counter.uncounted == 2


async def test_ended_windows_leave_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    database = await SqliteDatabase.open(tmp_path / "throttle.db", migrations=THROTTLE, durable=False)
    counter = SqliteAttemptCounter(database, clock)
    for number in range(20):
        await counter.hit(f"address-{number}", window_seconds=60)
    clock.advance(timedelta(seconds=60))
    await counter.hit("another", window_seconds=60)

    assert database.fetch_all("SELECT key FROM attempts") == [("another",)]
    await database.close()
