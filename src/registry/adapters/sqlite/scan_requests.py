"""Scan requests: which packages wait for a verdict, and which have which content."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.rows import insert_rows
from registry.domain.events import Event
from registry.domain.packages import Change, Package
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.verdicts import PackageSafety
from registry.ports.verdicts import DueRequest

_OPEN_NEW = "INSERT OR IGNORE INTO scan_requests (package_id, sha256, asked_by, due_at)"
_OPEN_CHANGED = """INSERT INTO scan_requests (package_id, sha256, asked_by, due_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (package_id) DO UPDATE
        SET sha256 = excluded.sha256, asked_by = excluded.asked_by, due_at = excluded.due_at
        WHERE sha256 != excluded.sha256"""
_OPEN = """INSERT INTO scan_requests (package_id, sha256, asked_by, due_at)
    SELECT id, json_extract(CAST(summary AS TEXT), '$.content.sha256'), ?, ? FROM packages
        WHERE id = ? AND blob_key IS NOT NULL
    ON CONFLICT (package_id) DO UPDATE
        SET asked_by = excluded.asked_by, due_at = excluded.due_at WHERE due_at IS NULL"""
_OPEN_ALL = "UPDATE scan_requests SET asked_by = '', due_at = ? WHERE sha256 = ? AND due_at IS NULL"
_DUE = """SELECT package_id, asked_by FROM (
        SELECT package_id, asked_by, due_at, row_number() OVER (PARTITION BY asked_by ORDER BY due_at) AS place
        FROM scan_requests WHERE due_at <= ?)
    ORDER BY place, due_at LIMIT ?"""
_SAME = "package_id = ? AND sha256 = ? AND due_at IS ?"
_NONE: frozenset[str] = frozenset()
_LIFT = "INSERT OR IGNORE INTO safety_lifts (package_id, sha256) VALUES (?, ?)"

SAFETY_COLUMNS = """s.sha256, s.due_at, s.asked_by, s.reported,
    (SELECT json_group_array(sha256) FROM safety_lifts WHERE package_id = p.id)"""
"""What `safety_of` reads, of a package `p` joined with its request `s`."""


class SqliteScanRequestStore:
    """Implements `ScanRequestStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRequest]:
        row = (to_microseconds(now), limit)
        found = await self._database.read(lambda connection: connection.execute(_DUE, row).fetchall())
        return [DueRequest(*each) for each in found]

    async def open(self, package_id: str, *, asked_by: str, now: datetime) -> None:
        row = (asked_by, to_microseconds(now), package_id)
        await self._database.write(lambda connection: connection.execute(_OPEN, row).rowcount)

    async def open_all(self, sha256: str, *, now: datetime) -> int:
        row = (to_microseconds(now), sha256)
        return await self._database.write(lambda connection: connection.execute(_OPEN_ALL, row).rowcount)

    async def list_packages(self, sha256: str, *, limit: int) -> Sequence[str]:
        sql = "SELECT package_id FROM scan_requests WHERE sha256 = ? AND due_at IS NULL LIMIT ?"
        return [package_id for (package_id,) in self._database.fetch_all(sql, (sha256, limit))]

    async def postpone(self, package_id: str, safety: PackageSafety, *, due_at: datetime) -> None:
        row = (to_microseconds(due_at), *_same(package_id, safety))
        sql = f"UPDATE scan_requests SET due_at = ? WHERE {_SAME} AND due_at IS NOT NULL"  # noqa: S608 - fixed texts
        await self._database.write(lambda connection: connection.execute(sql, row).rowcount)

    async def settle(self, package: Package, safety: PackageSafety, *, reported: str, event: Event | None) -> bool:
        same = f"{_SAME} AND due_at IS NOT NULL"
        sql = f"UPDATE scan_requests SET due_at = NULL, reported = ? WHERE {same}"  # noqa: S608 - fixed texts

        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute(sql, (reported, *_same(package.id, safety))).rowcount == 0:
                return False
            if event is not None:
                record_events(connection, (event,), now=to_microseconds(event.at))
            return True

        return await self._database.write(operation)

    async def count_open(self) -> int:
        sql = "SELECT count(*) FROM scan_requests WHERE due_at IS NOT NULL"
        (count,) = await self._database.read(lambda connection: connection.execute(sql).fetchone())
        return int(count)


def _same(package_id: str, safety: PackageSafety) -> tuple[str, str | None, int | None]:
    return package_id, safety.sha256, None if safety.due_at is None else to_microseconds(safety.due_at)


def safety_of(
    sha256: str | None, due_at: int | None, asked_by: str | None, reported: str | None, lifted: str
) -> PackageSafety:
    """The safety of a package from `SAFETY_COLUMNS`."""
    return PackageSafety(
        sha256=sha256,
        due_at=None if due_at is None else from_microseconds(due_at),
        asked_by=asked_by or "",
        reported=reported or "",
        lifted=_NONE if lifted == "[]" else frozenset(json.loads(lifted)),
    )


def open_requests(connection: sqlite3.Connection, added: Sequence[tuple[Package, Change]], *, now: int) -> None:
    """Have the contents of new packages scanned, within the transaction under way. `now` in microseconds."""
    insert_rows(connection, _OPEN_NEW, [row for each in added for row in _request(*each, now=now)])


def follow_content(connection: sqlite3.Connection, package: Package, change: Change, *, now: int) -> None:
    """Have the package's content scanned where it is another than before, and note an admin's lift."""
    connection.executemany(_OPEN_CHANGED, _request(package, change, now=now))
    if change.lifted_sha256 is not None:
        connection.execute(_LIFT, (package.id, change.lifted_sha256))


def drop_safety(connection: sqlite3.Connection, package_id: str) -> None:
    """Forget a package's request and lifts, within the transaction under way."""
    connection.execute("DELETE FROM scan_requests WHERE package_id = ?", (package_id,))
    connection.execute("DELETE FROM safety_lifts WHERE package_id = ?", (package_id,))


def _request(package: Package, change: Change, *, now: int) -> list[tuple[str, str, str, int]]:
    content = package.content
    return [] if content is None else [(package.id, content.sha256, change.audit.user or "", now)]
