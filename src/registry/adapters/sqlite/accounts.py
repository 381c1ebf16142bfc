"""Accounts and revoked tokens."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.times import from_microseconds, to_microseconds
from registry.domain.accounts import Account, Permission, Session
from registry.domain.errors import AlreadyExists, NotFound, RevisionConflict

_GET = "SELECT name, password_hash, permissions, token_epoch, created_at, revision FROM accounts WHERE name = ?"
_LIST = """SELECT name, password_hash, permissions, token_epoch, created_at, revision FROM accounts
    WHERE name > ? ORDER BY name LIMIT ?"""
_PUT = """INSERT OR REPLACE INTO accounts (name, password_hash, permissions, token_epoch, created_at, revision)
    VALUES (?, ?, ?, ?, ?, ?)"""
_REVOKE = "INSERT OR REPLACE INTO revoked_tokens (id, expires_at) VALUES (?, ?)"
_SESSION = """SELECT permissions, token_epoch, EXISTS (SELECT 1 FROM revoked_tokens WHERE id = ?)
    FROM accounts WHERE name = ?"""


@lru_cache(maxsize=1 << len(Permission))
def _permissions(text: str) -> frozenset[Permission]:
    return frozenset(Permission(value) for value in text.split())


def session_of(name: str, permissions: str, token_epoch: str, revoked: int) -> Session:
    """The session that the columns `permissions`, `token_epoch` and whether the token is revoked tell."""
    return Session(name, _permissions(permissions), token_epoch, revoked=bool(revoked))


def _account(row: Any) -> Account:
    name, password_hash, permissions, token_epoch, created_at, revision = row
    return Account(name, password_hash, _permissions(permissions), token_epoch, from_microseconds(created_at), revision)


def _row(account: Account) -> tuple[str | int, ...]:
    return (
        account.name,
        account.password_hash,
        " ".join(sorted(account.permissions)),
        account.token_epoch,
        to_microseconds(account.created_at),
        account.revision,
    )


def insert_account(connection: sqlite3.Connection, account: Account) -> None:
    """Add an account within the transaction under way. Raises AlreadyExists."""
    if connection.execute("SELECT 1 FROM accounts WHERE name = ?", (account.name,)).fetchone():
        raise AlreadyExists(f"There is a user {account.name} already. Choose another name.")
    connection.execute(_PUT, _row(account))


class SqliteAccountStore:
    """Implements `AccountStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        await self._database.write(lambda connection: insert_account(connection, account))

    async def get(self, name: str) -> Account:
        row = self._database.fetch_one(_GET, (name,))
        if row is None:
            raise _unknown(name)
        return _account(row)

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            row = connection.execute("SELECT revision FROM accounts WHERE name = ?", (account.name,)).fetchone()
            if row is None:
                raise _unknown(account.name)
            if row[0] != expected_revision:
                raise RevisionConflict(f"The user {account.name} has changed meanwhile. Read it again.")
            connection.execute(_PUT, _row(account))

        await self._database.write(operation)

    async def remove(self, name: str) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            if connection.execute("DELETE FROM accounts WHERE name = ?", (name,)).rowcount == 0:
                raise _unknown(name)

        await self._database.write(operation)

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        rows = self._database.fetch_all(_LIST, (after or "", limit))
        return [_account(row) for row in rows]

    async def find_session(self, name: str, token_id: str) -> Session | None:
        row = self._database.fetch_one(_SESSION, (token_id, name))
        return None if row is None else session_of(name, *row)

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        row = (token_id, to_microseconds(expires_at))
        await self._database.write(lambda connection: connection.execute(_REVOKE, row).rowcount)


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no user {name}.")
