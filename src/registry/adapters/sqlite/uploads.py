"""Open uploads."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.idempotency import add_idempotency_record
from registry.adapters.sqlite.usage import within
from registry.domain.errors import NotFound
from registry.domain.events import Event
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.quotas import Quota
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.uploads import Upload
from registry.ports.clock import Clock

_COLUMNS = (
    "id, created_by, created_at, expires_at, size, sha256, part_size, key, metadata, filename, media_type, account_id"
)
_INSERT = f"INSERT INTO uploads ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed texts
_GET = f"SELECT {_COLUMNS} FROM uploads WHERE id = ?"  # noqa: S608
_OPEN = f"SELECT {_COLUMNS} FROM uploads WHERE created_by = ? ORDER BY id LIMIT ?"  # noqa: S608
_EXPIRED = f"SELECT {_COLUMNS} FROM uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"  # noqa: S608
_MOVE = "UPDATE uploads SET key = ? WHERE id = ? AND key = ?"
_GONE = "There is no upload with this id."


class SqliteUploadStore:
    """Implements `UploadStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, upload: Upload, idempotency: IdempotencyRecord | None = None, *, quota: Quota | None = None
    ) -> None:
        now = to_microseconds(self._clock.now())
        row = (
            upload.id,
            upload.created_by,
            to_microseconds(upload.created_at),
            to_microseconds(upload.expires_at),
            upload.size,
            upload.sha256,
            upload.part_size,
            upload.key,
            upload.metadata,
            upload.filename,
            upload.media_type,
            upload.account_id,
        )

        def operation(connection: sqlite3.Connection) -> None:
            if idempotency is not None:
                add_idempotency_record(connection, idempotency, now=now)
            with within(quota, connection):
                connection.execute(_INSERT, row)

        await self._database.write(operation)

    async def get(self, upload_id: str) -> Upload:
        row = self._database.fetch_one(_GET, (upload_id,))
        if row is None:
            raise NotFound(_GONE)
        return _upload(row)

    async def move(self, upload_id: str, key: str, *, before: str) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            if not connection.execute(_MOVE, (key, upload_id, before)).rowcount:
                raise NotFound(_GONE)

        await self._database.write(operation)

    async def remove(self, upload_id: str, *, event: Event | None = None) -> bool:
        now = to_microseconds(self._clock.now())

        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,)).rowcount == 0:
                return False
            record_events(connection, () if event is None else (event,), now=now)
            return True

        return await self._database.write(operation)

    async def list_open(self, user: str, *, limit: int) -> Sequence[Upload]:
        return [_upload(row) for row in self._database.fetch_all(_OPEN, (user, limit))]

    async def list_expired(self, now: datetime, *, limit: int) -> Sequence[Upload]:
        return [_upload(row) for row in self._database.fetch_all(_EXPIRED, (to_microseconds(now), limit))]


def end_upload(connection: sqlite3.Connection, upload: Upload) -> None:
    """Remove the upload within the transaction under way. Raises NotFound."""
    ended = connection.execute("DELETE FROM uploads WHERE id = ? AND key = ?", (upload.id, upload.key))
    if not ended.rowcount:
        raise NotFound(_GONE)


def _upload(row: Any) -> Upload:
    upload_id, created_by, created_at, expires_at, *rest = row
    return Upload(upload_id, created_by, from_microseconds(created_at), from_microseconds(expires_at), *rest)
