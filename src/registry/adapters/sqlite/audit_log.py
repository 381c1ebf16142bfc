"""The log of all audit entries: a position for each, the tree's tiles, and one row that says where it ends."""

import json
import sqlite3
from collections.abc import Sequence

from registry.adapters.sqlite.audit import ENTRY_COLUMNS, read_entry
from registry.adapters.sqlite.database import Parameters, SqliteDatabase
from registry.domain.audit_log import AuditFilter, LogHead, Tiles, appended, right_edge
from registry.domain.merkle import TILE_HASHES
from registry.domain.packages import AuditEntry
from registry.ports.audit_log import LogPage

_WALK_ENTRIES = 2_000
_HEAD = "SELECT size, head FROM audit_log WHERE one = 1"
_WAITING = f"""SELECT rowid, {ENTRY_COLUMNS} FROM audit INDEXED BY audit_waiting
    WHERE position IS NULL ORDER BY id LIMIT ?"""  # noqa: S608 - fixed texts
_ANY_WAITING = "SELECT 1 FROM audit INDEXED BY audit_waiting WHERE position IS NULL LIMIT 1"
_PLACE = """UPDATE audit SET position = ? + placed.key FROM json_each(?) AS placed WHERE audit.rowid = placed.value"""
_TILE = "SELECT hashes FROM audit_tiles WHERE level = ? AND number = ?"
_PUT_TILE = "INSERT OR REPLACE INTO audit_tiles (level, number, hashes) VALUES (?, ?, ?)"
_PUT_HEAD = """INSERT INTO audit_log (one, size, head) VALUES (1, ?, ?)
    ON CONFLICT (one) DO UPDATE SET size = excluded.size, head = excluded.head"""
_RANGE = f"""SELECT {ENTRY_COLUMNS} FROM audit INDEXED BY audit_position
    WHERE position IS NOT NULL AND position >= ? ORDER BY position LIMIT ?"""  # noqa: S608 - fixed texts
_PUT_CHECKPOINT = """UPDATE audit_log SET checkpoint = ?, checkpoint_size = ? WHERE one = 1 AND checkpoint_size <= ?"""


class SqliteAuditLog:
    """Implements `AuditLog`. One writes at a time, so nobody needs a lease."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def sequence(self) -> int:
        if self._database.fetch_one(_ANY_WAITING) is None:
            return 0
        return await self._database.write(_sequence)

    async def lease(self, holder: str, *, seconds: float) -> bool:
        del holder, seconds
        return True

    async def head(self) -> LogHead:
        row = self._database.fetch_one(_HEAD)
        return LogHead.empty() if row is None else LogHead.decode(*row)

    async def read_tile(self, level: int, number: int) -> bytes:
        row = self._database.fetch_one(_TILE, (level, number))
        return b"" if row is None else bytes(row[0])

    async def get_entries(self, first: int, *, limit: int) -> Sequence[AuditEntry]:
        return [read_entry(row) for row in self._database.fetch_all(_RANGE, (first, limit))]

    async def list_entries(self, wanted: AuditFilter, *, limit: int, below: int | None) -> LogPage:
        statement, parameters = _walk(wanted, below)

        def query(connection: sqlite3.Connection) -> LogPage:
            found: list[AuditEntry] = []
            walked, position = 0, 0
            for row in connection.execute(statement, parameters):
                entry, walked = read_entry(row), walked + 1
                position = entry.position or 0
                if wanted.is_past(entry):
                    return LogPage(tuple(found), None)
                if wanted.matches(entry):
                    if len(found) == limit:
                        return LogPage(tuple(found), found[-1].position)
                    found.append(entry)
            return LogPage(tuple(found), position if walked == _WALK_ENTRIES else None)

        return await self._database.read(query)

    async def get_checkpoint(self) -> str | None:
        row = self._database.fetch_one("SELECT checkpoint FROM audit_log WHERE one = 1")
        return None if row is None else row[0]

    async def put_checkpoint(self, note: str, *, size: int) -> None:
        row = (note, size, size)
        await self._database.write(lambda connection: connection.execute(_PUT_CHECKPOINT, row).rowcount)


def _sequence(connection: sqlite3.Connection) -> int:
    row = connection.execute(_HEAD).fetchone()
    head = LogHead.empty() if row is None else LogHead.decode(*row)
    rows = connection.execute(_WAITING, (TILE_HASHES - head.size % TILE_HASHES,)).fetchall()
    edge: Tiles = {}
    for place in right_edge(head.size):
        if (tile := connection.execute(_TILE, place).fetchone()) is not None:
            edge[place] = tile[0]
    after, tiles = appended(head, edge, [read_entry(columns) for _, *columns in rows])
    connection.execute(_PLACE, (head.size, json.dumps([rowid for rowid, *_ in rows])))
    connection.executemany(_PUT_TILE, [(*place, hashes) for place, hashes in tiles.items()])
    connection.execute(_PUT_HEAD, (after.size, after.encode()))
    return len(rows)


def _walk(wanted: AuditFilter, below: int | None) -> tuple[str, Parameters]:
    """A statement, with its parameters, over the entries under a position that an index narrows down best."""
    index, where, values = "audit_position", "position IS NOT NULL", list[str | int]()
    if wanted.user is not None:
        index, where, values = "audit_user", f"{where} AND user = ?", [wanted.user]
    elif wanted.action is not None:
        index, where, values = "audit_action", f"{where} AND action = ?", [wanted.action.value]
    if below is not None:
        where, values = f"{where} AND position < ?", [*values, below]
    sql = f"SELECT {ENTRY_COLUMNS} FROM audit INDEXED BY {index} WHERE {where} ORDER BY position DESC LIMIT ?"  # noqa: S608 - fixed texts
    return sql, (*values, _WALK_ENTRIES)
