"""API tokens."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.adapters.sqlite.accounts import read_permissions
from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.accounts import ApiToken, Grant
from registry.domain.errors import NotFound
from registry.domain.name_patterns import NamePatterns
from registry.domain.pages import AFTER_ALL_IDS
from registry.domain.times import from_microseconds, to_microseconds

_COLUMNS = """t.id, t.digest, t.beginning, t.user, t.grant_epoch, t.name, t.permissions, t.packages, t.created_at,
    t.expires_at, t.last_used_at"""
GRANT_COLUMNS = f"{_COLUMNS}, a.permissions, a.grant_epoch, a.id"
GRANT = "FROM api_tokens AS t JOIN accounts AS a ON a.name = t.user WHERE t.digest = ?"
_INSERT = """INSERT INTO api_tokens (id, digest, beginning, user, grant_epoch, name, permissions, packages, created_at,
    expires_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FIND = f"SELECT {GRANT_COLUMNS} {GRANT}"
_GET = f"SELECT {_COLUMNS} FROM api_tokens AS t WHERE t.id = ?"  # noqa: S608 - fixed texts
_PAGE = f"""SELECT {_COLUMNS} FROM api_tokens AS t
    WHERE t.user = ? AND t.id < ? ORDER BY t.id DESC LIMIT ?"""  # noqa: S608 - fixed texts
_DROP = "DELETE FROM api_tokens WHERE user = ? AND grant_epoch = ?"
_USED = "UPDATE api_tokens SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE digest = ?"


@lru_cache(maxsize=4096)
def _read_patterns(text: str) -> NamePatterns:
    return NamePatterns(tuple(json.loads(text)))


def _token(row: Sequence[Any]) -> ApiToken:
    id_, digest, beginning, user, epoch, name, permissions, packages, created_at, expires_at, last_used_at = row
    return ApiToken(
        id=id_,
        digest=digest,
        beginning=beginning,
        user=user,
        grant_epoch=epoch,
        name=name,
        permissions=read_permissions(permissions),
        packages=_read_patterns(packages),
        created_at=from_microseconds(created_at),
        expires_at=None if expires_at is None else from_microseconds(expires_at),
        last_used_at=None if last_used_at is None else from_microseconds(last_used_at),
    )


def read_grant(row: Sequence[Any]) -> Grant:
    """The grant that GRANT_COLUMNS hold."""
    *token, permissions, epoch, account_id = row
    return Grant(_token(token), read_permissions(permissions), epoch, account_id)


class SqliteApiTokenStore:
    """Implements `ApiTokenStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, token: ApiToken) -> None:
        row = (
            token.id,
            token.digest,
            token.beginning,
            token.user,
            token.grant_epoch,
            token.name,
            " ".join(sorted(token.permissions)),
            json.dumps(token.packages.patterns),
            to_microseconds(token.created_at),
            None if token.expires_at is None else to_microseconds(token.expires_at),
            None if token.last_used_at is None else to_microseconds(token.last_used_at),
        )
        await self._database.write(lambda connection: connection.execute(_INSERT, row).rowcount)

    async def find_grant(self, digest: str) -> Grant | None:
        row = self._database.fetch_one(_FIND, (digest,))
        return None if row is None else read_grant(row)

    async def get(self, token_id: str) -> ApiToken:
        row = self._database.fetch_one(_GET, (token_id,))
        if row is None:
            raise NotFound(f"There is no API token {token_id}.")
        return _token(row)

    async def list_tokens(self, user: str, *, limit: int, after: str | None) -> Sequence[ApiToken]:
        rows = self._database.fetch_all(_PAGE, (user, after or AFTER_ALL_IDS, limit))
        return [_token(row) for row in rows]

    async def remove(self, token: ApiToken) -> None:
        sql = "DELETE FROM api_tokens WHERE id = ?"
        await self._database.write(lambda connection: connection.execute(sql, (token.id,)).rowcount)

    async def drop(self, user: str, *, grant_epoch: str) -> None:
        await self._database.write(lambda connection: connection.execute(_DROP, (user, grant_epoch)).rowcount)

    async def record_use(self, used: Mapping[str, datetime]) -> None:
        rows = [(to_microseconds(at), digest) for digest, at in used.items()]

        def operation(connection: sqlite3.Connection) -> None:
            connection.executemany(_USED, rows)

        await self._database.write(operation)
