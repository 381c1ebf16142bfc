"""Accounts and revoked tokens in DynamoDB."""

import contextlib
import math
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import account_keys
from registry.adapters.dynamodb.admins import admins_item, ensure_admins, list_admin, unlist_admin
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.domain.accounts import Account, Permission, Session
from registry.domain.errors import AlreadyExists, NotFound, RevisionConflict

_REMOVAL_ATTEMPTS = 20


def account_item(account: Account) -> Item:
    return {
        **account_keys.account_key(account.name),
        "name": text(account.name),
        "password_hash": text(account.password_hash),
        "permissions": text(" ".join(sorted(account.permissions))),
        "token_epoch": text(account.token_epoch),
        "created_at": text(account.created_at.isoformat()),
        "id": text(account.id),
        "revision": number(account.revision),
        "grant_epoch": text(account.grant_epoch),
    }


def read_account(item: Item) -> Account:
    return Account(
        name=attribute(item, "name"),
        password_hash=attribute(item, "password_hash"),
        permissions=read_permissions(item),
        token_epoch=attribute(item, "token_epoch"),
        created_at=datetime.fromisoformat(attribute(item, "created_at")),
        id=read_account_id(item),
        revision=int(attribute(item, "revision", "N")),
        grant_epoch=attribute(item, "grant_epoch") or "",
    )


def session_of(name: str, account: Item | None, token: Item | None) -> Session | None:
    """The session that an account and a token's revocation (None: it was not revoked) make; None without account."""
    if account is None:
        return None
    return Session(
        name,
        read_permissions(account),
        attribute(account, "token_epoch"),
        revoked=token is not None,
        account_id=read_account_id(account),
    )


def read_account_id(item: Item) -> str:
    """The id of an account; one from before ids existed has its name as id."""
    account_id: str = attribute(item, "id" if "id" in item else "name")
    return account_id


def read_permissions(item: Item) -> frozenset[Permission]:
    """The permissions of an account or API token."""
    return frozenset(map(Permission, attribute(item, "permissions").split()))


class DynamoAccountStore:
    """Implements `AccountStore`. What every request reads is spread over the table: a partition for each user."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def add(self, account: Account) -> None:
        transaction = Transaction(self._table)
        _put_new(transaction, account)
        if await ensure_admins(self._table):
            if account.is_admin:
                list_admin(transaction, account.name)
        else:
            _put_admins(transaction, account)
        await transaction.commit()

    async def add_first(self, account: Account) -> bool:
        if await ensure_admins(self._table):
            return False
        transaction = Transaction(self._table)
        _put_admins(transaction, account)
        _put_new(transaction, account)
        try:
            await transaction.commit()
        except AlreadyExists:
            return False
        return True

    async def get(self, name: str) -> Account:
        item = await self._table.get(account_keys.account_key(name))
        if item is None:
            raise _unknown(name)
        return read_account(item)

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        old = await self.get(account.name)
        # A transaction even for one item: its token lets a try with a lost answer be made again.
        transaction = Transaction(self._table)
        transaction.put_if(
            account_item(account),
            "revision = :expected",
            {":expected": number(expected_revision)},
            otherwise=lambda found: _stale(account.name) if found else _unknown(account.name),
        )
        if old.is_admin != account.is_admin:
            await ensure_admins(self._table)
            (list_admin if account.is_admin else unlist_admin)(transaction, account.name)
        await transaction.commit()

    async def remove(self, name: str) -> None:
        for _ in range(_REMOVAL_ATTEMPTS):
            with contextlib.suppress(RevisionConflict):
                return await self._remove(await self.get(name))
        raise _stale(name)

    async def _remove(self, account: Account) -> None:
        transaction = Transaction(self._table)
        transaction.delete_if(
            account_keys.account_key(account.name),
            "revision = :expected",
            {":expected": number(account.revision)},
            otherwise=lambda found: _stale(account.name) if found else _unknown(account.name),
        )
        transaction.delete(account_keys.account_entry_key(account.name))
        if account.is_admin:
            await ensure_admins(self._table)
            unlist_admin(transaction, account.name)
        await transaction.commit()

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        entries, _ = await self._table.query("accounts", after=after, limit=limit)
        names = [attribute(entry, "sk") for entry in entries]
        items = await self._table.batch_get([account_keys.account_key(name) for name in names])
        return sorted(map(read_account, items), key=lambda account: account.name)

    async def find_session(self, name: str, token_id: str) -> Session | None:
        items = await self._table.batch_get([account_keys.account_key(name), account_keys.token_key(token_id)])
        found = {attribute(item, "sk"): item for item in items}
        return session_of(name, found.get("account"), found.get("token"))

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        item: Item = {**account_keys.token_key(token_id), "expires_at": number(math.ceil(expires_at.timestamp()))}
        await self._table.batch_write([{"PutRequest": {"Item": item}}])


def _put_new(transaction: Transaction, account: Account) -> None:
    taken = AlreadyExists(f"There is a user {account.name} already. Choose another name.")
    transaction.put_if(account_item(account), ABSENT, otherwise=lambda _: taken)
    transaction.put(account_keys.account_entry_key(account.name))


def _put_admins(transaction: Transaction, account: Account) -> None:
    admins = admins_item(*([account.name] if account.is_admin else []))
    transaction.put_if(admins, ABSENT, otherwise=lambda _: AlreadyExists("There are accounts already. Try again."))


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no user {name}.")


def _stale(name: str) -> RevisionConflict:
    return RevisionConflict(f"The user {name} has changed meanwhile. Read it again.")
