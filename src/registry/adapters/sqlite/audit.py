"""The audit trail."""

import sqlite3
from collections.abc import Iterable, Sequence

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.rows import insert_rows
from registry.domain.packages import AuditAction, AuditEntry
from registry.domain.times import from_microseconds, to_microseconds

_AFTER_ALL_IDS = "~"
_APPEND = "INSERT OR IGNORE INTO audit (package_id, id, at, user, action, revision, sha256)"
_PAGE = """SELECT id, at, user, action, revision, sha256 FROM audit
    WHERE package_id = ? AND id < ? ORDER BY id DESC LIMIT ?"""


class SqliteAuditStore:
    """Implements `AuditStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._database.write(lambda connection: append_entries(connection, entries))

    async def list_entries(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        rows = self._database.fetch_all(_PAGE, (package_id, after or _AFTER_ALL_IDS, limit))
        return [
            AuditEntry(
                id=entry_id,
                package_id=package_id,
                at=from_microseconds(at),
                user=user or None,
                action=AuditAction(action),
                revision=revision,
                sha256=sha256,
            )
            for entry_id, at, user, action, revision, sha256 in rows
        ]


def append_entries(connection: sqlite3.Connection, entries: Iterable[AuditEntry]) -> None:
    """Add entries within the transaction under way; one that is there already (a call tried again) stays.

    The column `user` takes no NULL; no user has the empty name that stands for one.
    """
    rows = [
        (
            entry.package_id,
            entry.id,
            to_microseconds(entry.at),
            entry.user or "",
            entry.action.value,
            entry.revision,
            entry.sha256,
        )
        for entry in entries
    ]
    insert_rows(connection, _APPEND, rows)
