"""The account that owns what is pulled through: nobody signs in as it, and it owns nothing else."""

import contextlib
import secrets

from registry.domain.accounts import Account, Caller, Permission, new_account_id, new_epoch
from registry.domain.errors import AlreadyExists, NotFound
from registry.ports.accounts import AccountStore
from registry.ports.clock import Clock
from registry.ports.passwords import PasswordHasher

NAME = "huggingface.co"
_PERMISSIONS = frozenset({Permission.UPLOAD, Permission.SEARCH, Permission.DOWNLOAD})


class Puller:
    """Makes the account when it is first needed. An admin may delete it: what it owned is then pulled no more."""

    def __init__(self, accounts: AccountStore, *, hasher: PasswordHasher, clock: Clock) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._clock = clock

    async def caller(self) -> Caller:
        """As whom packages are published. Raises Unavailable."""
        try:
            account = await self._accounts.get(NAME)
        except NotFound:
            account = await self._make()
        return Caller(account.name, account.permissions, None, account.id)

    async def _make(self) -> Account:
        account = Account(
            name=NAME,
            password_hash=await self._hasher.hash(secrets.token_urlsafe(32)),
            permissions=_PERMISSIONS,
            token_epoch=new_epoch(),
            created_at=self._clock.now(),
            id=new_account_id(),
            grant_epoch=new_epoch(),
        )
        with contextlib.suppress(AlreadyExists):
            await self._accounts.add(account)
            return account
        return await self._accounts.get(NAME)
