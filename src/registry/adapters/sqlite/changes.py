"""The order of changes."""

import sqlite3
from collections.abc import Sequence

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.rows import insert_rows
from registry.ports.changes import ChangePage

_RESET_MARK = ""
_READ = "SELECT seq, package_id FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"


class SqliteChangeFeed:
    """Implements `ChangeFeed`: a cursor is the number of a change. One writes at a time, so no number comes late."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def latest(self) -> str:
        (latest,) = self._database.fetch_one("SELECT max(seq) FROM changes")
        return str(latest or 0)

    async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:  # noqa: ARG002 -- each read is
        cursor = int(after)
        rows = self._database.fetch_all(_READ, (cursor, limit))
        if not rows:
            return ChangePage(after, ())
        if self._database.fetch_one("SELECT 1 FROM changes WHERE package_id = ? AND seq > ?", (_RESET_MARK, cursor)):
            return None
        package_ids = tuple(package_id for _, package_id in rows)
        return ChangePage(str(rows[-1][0]), package_ids, complete=len(rows) < limit)


def record_changes(connection: sqlite3.Connection, package_ids: Sequence[str]) -> None:
    """Make these the packages' last changes, in their order, within the transaction under way."""
    insert_rows(
        connection, "INSERT OR REPLACE INTO changes (package_id)", [(package_id,) for package_id in package_ids]
    )


def record_reset(connection: sqlite3.Connection) -> None:
    """Mark a reset, within the transaction under way: cursors from before are no longer good."""
    record_changes(connection, [_RESET_MARK])
