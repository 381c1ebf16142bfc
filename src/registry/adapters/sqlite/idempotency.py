"""Idempotency records."""

import sqlite3

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.errors import AlreadyAnswered
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.clock import Clock

_FIND = """SELECT key, fingerprint, made_id, response, expires_at FROM idempotency_records
    WHERE key = ? AND expires_at > ?"""
_ADD = """INSERT OR REPLACE INTO idempotency_records (key, fingerprint, made_id, response, expires_at)
    VALUES (?, ?, ?, ?, ?)"""


class SqliteIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, key: str) -> IdempotencyRecord | None:
        row = self._database.fetch_one(_FIND, (key, to_microseconds(self._clock.now())))
        if row is None:
            return None
        _, fingerprint, made_id, response, expires_at = row
        return IdempotencyRecord(key, fingerprint, made_id, response, from_microseconds(expires_at))


def add_idempotency_record(connection: sqlite3.Connection, record: IdempotencyRecord, *, now: int) -> None:
    """Add the record within the transaction under way. `now` in microseconds. Raises AlreadyAnswered."""
    if connection.execute(_FIND, (record.key, now)).fetchone():
        raise AlreadyAnswered("A request with this Idempotency-Key was answered meanwhile.")
    expires_at = to_microseconds(record.expires_at)
    connection.execute(_ADD, (record.key, record.fingerprint, record.made_id, record.response, expires_at))
