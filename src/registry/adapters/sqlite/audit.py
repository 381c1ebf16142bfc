"""The audit trail."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.rows import insert_rows
from registry.domain.packages import AuditAction, AuditEntry
from registry.domain.pages import AFTER_ALL_IDS
from registry.domain.times import from_microseconds, to_microseconds

_APPEND = "INSERT OR IGNORE INTO audit (package_id, id, at, user, action, revision, sha256)"
ENTRY_COLUMNS = "id, package_id, at, user, action, revision, sha256, position"
_PAGE = f"SELECT {ENTRY_COLUMNS} FROM audit WHERE package_id = ? AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608 - fixed texts
_ACTIONS = {action.value: action for action in AuditAction}


def read_entry(row: Sequence[Any]) -> AuditEntry:
    """The entry that ENTRY_COLUMNS hold."""
    id_, package_id, at, user, action, revision, sha256, position = row
    return AuditEntry(
        id_, package_id, from_microseconds(at), user or None, _ACTIONS[action], revision, sha256, position
    )


class SqliteAuditStore:
    """Implements `AuditStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._database.write(lambda connection: append_entries(connection, entries))

    async def list_entries(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        rows = self._database.fetch_all(_PAGE, (package_id, after or AFTER_ALL_IDS, limit))
        return [read_entry(row) for row in rows]


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
