"""Counting attempts, in a file of its own without fsync: a lost count costs nothing, a slow one every request."""

import sqlite3

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.errors import Unavailable
from registry.domain.times import to_microseconds
from registry.ports.clock import Clock
from registry.ports.throttle import AttemptCount

_HIT = """INSERT INTO attempts (key, count, ends_at) VALUES (?, 1, ?)
    ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count, ends_at"""

_COUNT = "SELECT count FROM attempts WHERE key = ? AND ends_at > ?"


class SqliteAttemptCounter:
    """Implements `AttemptCounter` on a database opened with `migrations=THROTTLE, durable=False`.

    A window begins with its first attempt. `uncounted` is how many attempts this process could not count.
    """

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.uncounted = 0

    async def hit(self, key: str, *, window_seconds: int) -> AttemptCount:
        now = to_microseconds(self._clock.now())

        def operation(connection: sqlite3.Connection) -> tuple[int, int]:
            # Each attempt clears what has ended: the table stays small without a sweep.
            connection.execute("DELETE FROM attempts WHERE ends_at <= ?", (now,))
            count, ends_at = connection.execute(_HIT, (key, now + window_seconds * 1_000_000)).fetchone()
            return count, ends_at

        try:
            count, ends_at = await self._database.write(operation)
        except Unavailable:
            self.uncounted += 1
            return AttemptCount(count=0, resets_after_seconds=0.0)
        return AttemptCount(count, (ends_at - now) / 1_000_000)

    async def count(self, key: str) -> int:
        row = self._database.fetch_one(_COUNT, (key, to_microseconds(self._clock.now())))
        return row[0] if row else 0

    async def refund(self, key: str, *, window_seconds: int) -> None:  # noqa: ARG002  (windows end by themselves)
        def operation(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE attempts SET count = max(count - 1, 0) WHERE key = ?", (key,))

        try:
            await self._database.write(operation)
        except Unavailable:
            self.uncounted += 1
