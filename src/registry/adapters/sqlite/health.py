"""The components' health, minute by minute."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.health import HealthSample

_ADD = """INSERT INTO health (minute, component, calls, errors, total_seconds, max_seconds) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (minute, component) DO UPDATE SET
        calls = calls + excluded.calls,
        errors = errors + excluded.errors,
        total_seconds = total_seconds + excluded.total_seconds,
        max_seconds = max(max_seconds, excluded.max_seconds)"""
_LIST = """SELECT minute, component, calls, errors, total_seconds, max_seconds FROM health
    WHERE minute >= ? ORDER BY minute, component"""


class SqliteHealthLog:
    """Implements `HealthLog`. `RecordMaintenance.purge_expired` drops what is older than the longest window."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def record(self, samples: Sequence[HealthSample]) -> None:
        rows = [
            (
                to_microseconds(sample.minute),
                sample.component,
                sample.calls,
                sample.errors,
                sample.total_seconds,
                sample.max_seconds,
            )
            for sample in samples
        ]

        def operation(connection: sqlite3.Connection) -> None:
            connection.executemany(_ADD, rows)

        if rows:
            await self._database.write(operation)

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        rows = await self._database.read(
            lambda connection: connection.execute(_LIST, (to_microseconds(since),)).fetchall()
        )
        return [HealthSample(from_microseconds(minute), *rest) for minute, *rest in rows]
