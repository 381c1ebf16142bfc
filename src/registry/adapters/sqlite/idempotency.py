"""Kept answers."""

import json
import sqlite3

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.errors import AnswerKept
from registry.domain.packages import KeptAnswer
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.clock import Clock

_FIND = "SELECT fingerprint, status, headers, body, expires_at FROM answers WHERE key = ? AND expires_at > ?"

_KEEP = """INSERT OR REPLACE INTO answers (key, fingerprint, status, headers, body, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)"""


class SqliteAnswerStore:
    """Implements `AnswerStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find_answer(self, key: str) -> KeptAnswer | None:
        row = self._database.fetch_one(_FIND, (key, to_microseconds(self._clock.now())))
        if row is None:
            return None
        fingerprint, status, headers, body, expires_at = row
        return KeptAnswer(
            key=key,
            fingerprint=fingerprint,
            status=status,
            headers=tuple((name, value) for name, value in json.loads(headers)),
            body=body,
            expires_at=from_microseconds(expires_at),
        )


def keep_answer(connection: sqlite3.Connection, answer: KeptAnswer, *, now: int) -> None:
    """Keep `answer` within the transaction under way. `now` in microseconds. Raises AnswerKept."""
    if connection.execute(_FIND, (answer.key, now)).fetchone():
        raise AnswerKept("A request with this Idempotency-Key was answered meanwhile; its answer is kept.")
    connection.execute(
        _KEEP,
        (
            answer.key,
            answer.fingerprint,
            answer.status,
            json.dumps(answer.headers),
            answer.body,
            to_microseconds(answer.expires_at),
        ),
    )
