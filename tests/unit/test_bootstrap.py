"""The first admin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from registry.domain.accounts import Account, Permission, Session
from registry.domain.errors import AlreadyExists, InvalidInput, NotFound
from registry.services.accounts.bootstrap import Bootstrap
from tests.factories import START, ManualClock


class PlainHasher:
    """Implements `PasswordHasher`, readably."""

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        return password_hash == f"hash of {password}"


class KeptAccounts:
    """Implements `AccountStore`; `overtaken_by` is an account that another process adds first."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.overtaken_by: Account | None = None
        self.existed = False

    async def add(self, account: Account) -> None:
        if self.overtaken_by is not None:
            self.accounts[account.name] = self.overtaken_by
        if account.name in self.accounts:
            raise AlreadyExists("taken")
        self.accounts[account.name] = account

    async def add_first(self, account: Account) -> bool:
        if self.overtaken_by is not None:
            self.accounts[account.name] = self.overtaken_by
        if self.existed or self.accounts:
            return False
        await self.add(account)
        return True

    async def get(self, name: str) -> Account:
        if name not in self.accounts:
            raise NotFound("no such account")
        return self.accounts[name]

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        self.accounts[account.name] = account

    async def remove(self, name: str) -> None:
        del self.accounts[name]

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        return list(self.accounts.values())

    async def find_session(self, name: str, token_id: str) -> Session | None:
        return None

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        return None


@pytest.fixture
def accounts() -> KeptAccounts:
    return KeptAccounts()


FIRST = "first password"


def bootstrap(accounts: KeptAccounts, password: str = FIRST) -> Bootstrap:
    return Bootstrap(accounts, hasher=PlainHasher(), clock=ManualClock(), name="admin", password=password)


async def test_added_once(accounts: KeptAccounts) -> None:
    assert await bootstrap(accounts).ensure_admin()
    admin = accounts.accounts["admin"]
    assert admin.permissions == {Permission.ADMIN}
    assert admin.password_hash == "hash of first password"
    assert admin.created_at == START
    # Another password in the settings does not change an account that is there.
    assert not await bootstrap(accounts, "second password").ensure_admin()
    assert accounts.accounts["admin"] == admin


async def test_another_process_was_first(accounts: KeptAccounts) -> None:
    other = await bootstrap(accounts).first_admin()
    accounts.overtaken_by = other
    assert not await bootstrap(accounts).ensure_admin()
    assert accounts.accounts["admin"] is other


async def test_tokens_survive_a_reset_when_the_password_is_the_first(accounts: KeptAccounts) -> None:
    await bootstrap(accounts).ensure_admin()
    before = accounts.accounts["admin"]
    demoted = replace(before, permissions=frozenset({Permission.SEARCH}))
    accounts.accounts["admin"] = demoted
    after = await bootstrap(accounts).first_admin()
    assert replace(after, grant_epoch=before.grant_epoch) == before
    assert after.grant_epoch != before.grant_epoch  # API tokens do not survive


async def test_tokens_end_with_a_reset_when_the_password_was_changed(accounts: KeptAccounts) -> None:
    await bootstrap(accounts).ensure_admin()
    before = accounts.accounts["admin"]
    accounts.accounts["admin"] = replace(before, password_hash="hash of another")
    after = await bootstrap(accounts).first_admin()
    assert after.password_hash == before.password_hash
    assert after.token_epoch != before.token_epoch


async def test_first_admin_of_an_empty_registry(accounts: KeptAccounts) -> None:
    fresh = await bootstrap(accounts).first_admin()
    assert fresh.name == "admin"
    assert not accounts.accounts


async def test_never_added_again_once_there_were_accounts(accounts: KeptAccounts) -> None:
    accounts.existed = True
    assert not await bootstrap(accounts).ensure_admin()
    assert not accounts.accounts


async def test_recovery_gives_the_same_account_a_new_password_and_admin(accounts: KeptAccounts) -> None:
    await bootstrap(accounts).ensure_admin()
    before = replace(accounts.accounts["admin"], permissions=frozenset({Permission.SEARCH}))
    accounts.accounts["admin"] = before

    await bootstrap(accounts).recover(None, "a way back in")

    after = accounts.accounts["admin"]
    assert after.id == before.id
    assert after.password_hash == "hash of a way back in"
    assert after.permissions == {Permission.ADMIN, Permission.SEARCH}
    assert after.token_epoch != before.token_epoch


async def test_recovery_makes_an_account_that_is_not_there(accounts: KeptAccounts) -> None:
    accounts.existed = True
    await bootstrap(accounts).recover("rescue", "a way back in")
    assert accounts.accounts["rescue"].is_admin
    with pytest.raises(InvalidInput):
        await bootstrap(accounts).recover("rescue", "password")
