"""Manifests and unpacked files: where they are, who uses them, who makes them."""

import json
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.times import to_microseconds
from registry.ports.derived import MOST_USERS, DerivedKey, DerivedKind, DerivedLease, DerivedRecord

_ROWS_AT_A_TIME = 500
_COLUMNS = """kind, sha256, blob_key, blob_sha256, problem, path, reader_version, crc32,
    (SELECT json_group_array(user) FROM derived_users AS u WHERE u.kind = d.kind AND u.sha256 = d.sha256)"""
_FIND = f"SELECT {_COLUMNS} FROM derived AS d WHERE kind = ? AND sha256 = ?"  # noqa: S608 - fixed texts
_LIST = f"SELECT {_COLUMNS} FROM derived AS d WHERE (kind, sha256) > (?, ?) ORDER BY kind, sha256 LIMIT ?"  # noqa: S608
_LEASE = """INSERT INTO derived_claims (kind, sha256, token, ends_at, attempts) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT (kind, sha256) DO UPDATE
        SET token = excluded.token, ends_at = excluded.ends_at, attempts = attempts + 1 WHERE ends_at <= ?
    RETURNING attempts"""
_EXTEND = "UPDATE derived_claims SET ends_at = ? WHERE kind = ? AND sha256 = ? AND token = ?"
_END_CLAIM = "DELETE FROM derived_claims WHERE kind = ? AND sha256 = ? AND token = ?"
_GIVE_BACK = """UPDATE derived_claims SET ends_at = 0, attempts = attempts - ?
    WHERE kind = ? AND sha256 = ? AND token = ?"""
_STORE = """INSERT OR REPLACE INTO derived (kind, sha256, blob_key, blob_sha256, problem, path, reader_version, crc32)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_USER = """INSERT OR IGNORE INTO derived_users (kind, sha256, user) SELECT ?1, ?2, ?3
    WHERE (SELECT count(*) FROM derived_users WHERE kind = ?1 AND sha256 = ?2) < ?4"""
_DROP_USERS = """DELETE FROM derived_users WHERE kind = ? AND sha256 = ? AND user IN (SELECT value FROM json_each(?))"""
_ANY_USER = "SELECT 1 FROM derived_users WHERE kind = ? AND sha256 = ?"


class SqliteDerivedStore:
    """Implements `DerivedStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find(self, key: DerivedKey) -> DerivedRecord | None:
        row = self._database.fetch_one(_FIND, (key.kind, key.sha256))
        return None if row is None else _record(row)

    async def lease(self, key: DerivedKey, *, token: str, now: datetime, until: datetime) -> DerivedLease | None:
        row = (key.kind, key.sha256, token, to_microseconds(until), to_microseconds(now))
        leased = await self._database.write(lambda connection: connection.execute(_LEASE, row).fetchone())
        return DerivedLease(key, token, *leased) if leased else None

    async def extend(self, lease: DerivedLease, *, until: datetime) -> bool:
        row = (to_microseconds(until), *_own(lease))
        return await self._database.write(lambda connection: connection.execute(_EXTEND, row).rowcount) == 1

    async def finish(self, lease: DerivedLease, record: DerivedRecord) -> str | None:
        key = record.key

        def operation(connection: sqlite3.Connection) -> str | None:
            if connection.execute(_END_CLAIM, _own(lease)).rowcount == 0:
                return record.blob_key
            before = connection.execute(_FIND, (key.kind, key.sha256)).fetchone()
            connection.execute(
                _STORE,
                (
                    key.kind,
                    key.sha256,
                    record.blob_key,
                    record.blob_sha256,
                    record.problem,
                    record.path,
                    record.reader_version,
                    record.crc32,
                ),
            )
            _add_users(connection, key, record.users)
            return None if before is None else _record(before).blob_key

        return await self._database.write(operation)

    async def give_back(self, lease: DerivedLease, *, counted: bool) -> None:
        if not counted and lease.attempts == 1:
            await self._database.write(lambda connection: connection.execute(_END_CLAIM, _own(lease)).rowcount)
            return
        row = (0 if counted else 1, *_own(lease))
        await self._database.write(lambda connection: connection.execute(_GIVE_BACK, row).rowcount)

    async def add_user(self, key: DerivedKey, user: str) -> bool:
        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute(_FIND, (key.kind, key.sha256)).fetchone() is None:
                return False
            _add_users(connection, key, (user,))
            return True

        return await self._database.write(operation)

    async def drop_users(self, key: DerivedKey, users: Collection[str]) -> str | None:
        own = (key.kind, key.sha256)

        def operation(connection: sqlite3.Connection) -> str | None:
            connection.execute(_DROP_USERS, (*own, json.dumps(list(users))))
            found = connection.execute(_FIND, own).fetchone()
            if found is None or connection.execute(_ANY_USER, own).fetchone() is not None:
                return None
            connection.execute("DELETE FROM derived WHERE kind = ? AND sha256 = ?", own)
            return _record(found).blob_key

        return await self._database.write(operation)

    async def remove(self, record: DerivedRecord) -> bool:
        own = (record.key.kind, record.key.sha256)

        def operation(connection: sqlite3.Connection) -> bool:
            found = connection.execute(_FIND, own).fetchone()
            if found is None or _record(found).blob_key != record.blob_key:
                return False
            connection.execute("DELETE FROM derived WHERE kind = ? AND sha256 = ?", own)
            connection.execute("DELETE FROM derived_users WHERE kind = ? AND sha256 = ?", own)
            return True

        return await self._database.write(operation)

    async def list_records(self) -> AsyncIterator[DerivedRecord]:
        after = ("", "")
        while rows := await self._database.read(_page(after)):
            for row in rows:
                yield _record(row)
            after = (rows[-1][0], rows[-1][1])


def _page(after: tuple[str, str]) -> Any:
    def query(connection: sqlite3.Connection) -> list[Any]:
        return connection.execute(_LIST, (*after, _ROWS_AT_A_TIME)).fetchall()

    return query


def _own(lease: DerivedLease) -> tuple[str, str, str]:
    return lease.key.kind, lease.key.sha256, lease.token


def _add_users(connection: sqlite3.Connection, key: DerivedKey, users: Iterable[str]) -> None:
    connection.executemany(_ADD_USER, [(key.kind, key.sha256, user, MOST_USERS) for user in users])


def _record(row: Any) -> DerivedRecord:
    kind, sha256, blob_key, blob_sha256, problem, path, reader_version, crc32, users = row
    key = DerivedKey(DerivedKind(kind), sha256)
    users = frozenset(json.loads(users))
    return DerivedRecord(key, users, reader_version, blob_key, blob_sha256, problem, path, crc32)
