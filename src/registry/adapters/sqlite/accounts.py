"""Accounts and revoked tokens."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.accounts import Account, Permission, Session
from registry.domain.errors import AlreadyExists, LastAdmin, NotFound, RevisionConflict
from registry.domain.times import from_microseconds, to_microseconds

_COLUMNS = "name, password_hash, permissions, token_epoch, created_at, id, revision, grant_epoch"
_GET = f"SELECT {_COLUMNS} FROM accounts WHERE name = ?"  # noqa: S608 - fixed texts
_LIST = f"SELECT {_COLUMNS} FROM accounts WHERE name > ? ORDER BY name LIMIT ?"  # noqa: S608 - fixed texts
_PUT = f"INSERT OR REPLACE INTO accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed texts
_OTHER_ADMIN = "SELECT 1 FROM accounts WHERE ' ' || permissions || ' ' LIKE '% admin %' AND name != ? LIMIT 1"
_REMEMBER = "INSERT OR IGNORE INTO account_history (event) VALUES ('first account')"
_REVOKE = "INSERT OR REPLACE INTO revoked_tokens (id, expires_at) VALUES (?, ?)"
_SESSION = """SELECT permissions, token_epoch, EXISTS (SELECT 1 FROM revoked_tokens WHERE id = ?), id
    FROM accounts WHERE name = ?"""


@lru_cache(maxsize=1 << len(Permission))
def read_permissions(text: str) -> frozenset[Permission]:
    """The permissions that a column holds."""
    return frozenset(Permission(value) for value in text.split())


def session_of(name: str, permissions: str, token_epoch: str, revoked: int, account_id: str) -> Session:
    """The session from the columns `permissions`, `token_epoch`, whether the token is revoked, and `id`."""
    return Session(name, read_permissions(permissions), token_epoch, revoked=bool(revoked), account_id=account_id)


def _account(row: Any) -> Account:
    name, password_hash, permissions, token_epoch, created_at, *rest = row
    return Account(
        name, password_hash, read_permissions(permissions), token_epoch, from_microseconds(created_at), *rest
    )


def _row(account: Account) -> tuple[str | int, ...]:
    return (
        account.name,
        account.password_hash,
        " ".join(sorted(account.permissions)),
        account.token_epoch,
        to_microseconds(account.created_at),
        account.id,
        account.revision,
        account.grant_epoch,
    )


def insert_account(connection: sqlite3.Connection, account: Account) -> None:
    """Add an account within the transaction under way. Raises AlreadyExists."""
    if connection.execute("SELECT 1 FROM accounts WHERE name = ?", (account.name,)).fetchone():
        raise AlreadyExists(f"There is a user {account.name} already. Choose another name.")
    connection.execute(_PUT, _row(account))
    connection.execute(_REMEMBER)


def _keep_an_admin(connection: sqlite3.Connection, name: str, permissions: str) -> None:
    """Raises LastAdmin when the account has these permissions and is the only admin."""
    is_admin = Permission.ADMIN in read_permissions(permissions)
    if is_admin and not connection.execute(_OTHER_ADMIN, (name,)).fetchone():
        raise LastAdmin(name)


class SqliteAccountStore:
    """Implements `AccountStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        await self._database.write(lambda connection: insert_account(connection, account))

    async def add_first(self, account: Account) -> bool:
        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute("SELECT 1 FROM account_history").fetchone():
                return False
            insert_account(connection, account)
            return True

        return await self._database.write(operation)

    async def get(self, name: str) -> Account:
        row = self._database.fetch_one(_GET, (name,))
        if row is None:
            raise _unknown(name)
        return _account(row)

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            asked = "SELECT revision, permissions FROM accounts WHERE name = ?"
            row = connection.execute(asked, (account.name,)).fetchone()
            if row is None:
                raise _unknown(account.name)
            if row[0] != expected_revision:
                raise RevisionConflict(f"The user {account.name} has changed meanwhile. Read it again.")
            if not account.is_admin:
                _keep_an_admin(connection, account.name, row[1])
            connection.execute(_PUT, _row(account))

        await self._database.write(operation)

    async def remove(self, name: str) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            row = connection.execute("SELECT permissions FROM accounts WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise _unknown(name)
            _keep_an_admin(connection, name, row[0])
            connection.execute("DELETE FROM accounts WHERE name = ?", (name,))

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
