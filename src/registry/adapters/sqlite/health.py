"""The components' health, minute by minute."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.health import HealthSample, add_buckets

_ADD = """INSERT INTO health (minute, component, calls, errors, total_seconds, max_seconds, buckets, depth)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (minute, component) DO UPDATE SET
        calls = calls + excluded.calls,
        errors = errors + excluded.errors,
        total_seconds = total_seconds + excluded.total_seconds,
        max_seconds = max(max_seconds, excluded.max_seconds),
        buckets = coalesce(excluded.buckets, buckets),
        depth = max(depth, excluded.depth)"""
_FIND_BUCKETS = "SELECT buckets FROM health WHERE minute = ? AND component = ?"
_LIST = """SELECT minute, component, calls, errors, total_seconds, max_seconds, buckets, depth FROM health
    WHERE minute >= ? ORDER BY minute, component"""


class SqliteHealthLog:
    """Implements `HealthLog`. `RecordMaintenance.purge_expired` drops what is older than the longest window."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def record(self, samples: Sequence[HealthSample]) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            for sample in samples:
                _add(connection, sample)

        if samples:
            await self._database.write(operation)

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        rows = await self._database.read(
            lambda connection: connection.execute(_LIST, (to_microseconds(since),)).fetchall()
        )
        return [_read_sample(row) for row in rows]


def _add(connection: sqlite3.Connection, sample: HealthSample) -> None:
    minute = to_microseconds(sample.minute)
    buckets: str | None = None
    if sample.buckets:
        # Within a transaction that writes: no other process adds in between.
        found = connection.execute(_FIND_BUCKETS, (minute, sample.component)).fetchone()
        buckets = json.dumps(add_buckets(_read_buckets(found and found[0]), sample.buckets))
    connection.execute(
        _ADD,
        (
            minute,
            sample.component,
            sample.calls,
            sample.errors,
            sample.total_seconds,
            sample.max_seconds,
            buckets,
            sample.depth,
        ),
    )


def _read_buckets(text: str | None) -> tuple[int, ...]:
    return tuple(json.loads(text)) if text else ()


def _read_sample(row: Sequence[Any]) -> HealthSample:
    minute, component, calls, errors, total_seconds, max_seconds, buckets, depth = row
    return HealthSample(
        minute=from_microseconds(minute),
        component=component,
        calls=calls,
        errors=errors,
        total_seconds=total_seconds,
        max_seconds=max_seconds,
        buckets=_read_buckets(buckets),
        depth=depth,
    )
