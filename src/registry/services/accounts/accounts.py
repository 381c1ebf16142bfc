"""Accounts: signing in and out, users and their permissions."""

import contextlib
import secrets
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from registry.domain.accounts import (
    USER_NAME_PATTERN,
    Account,
    ApiToken,
    Caller,
    Permission,
    TokenClaims,
    new_account_id,
    new_epoch,
)
from registry.domain.errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    RevisionConflict,
    Unauthenticated,
)
from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.clock import Clock
from registry.ports.passwords import PasswordHasher, TokenCodec
from registry.services.accounts.attempts import LoginAttempts
from registry.services.accounts.passwords import check_new_password

_CHANGE_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class IssuedToken:
    token: str
    expires_in_seconds: int


class Accounts:
    """Use cases around users. Callers come authenticated; what they may do is decided here."""

    def __init__(
        self,
        store: AccountStore,
        api_tokens: ApiTokenStore,
        *,
        hasher: PasswordHasher,
        codec: TokenCodec,
        attempts: LoginAttempts,
        clock: Clock,
        token_lifetime_seconds: int,
    ) -> None:
        self._store = store
        self._api_tokens = api_tokens
        self._hasher = hasher
        self._codec = codec
        self._attempts = attempts
        self._clock = clock
        self._token_lifetime_seconds = token_lifetime_seconds

    async def sign_in(self, name: str, password: str, *, address: str) -> IssuedToken:
        """A token for a name and password. Raises Unauthenticated, Throttled.

        `address` is the client's. An unknown name takes as long as a wrong password.
        """
        await self._attempts.begin(name, address)
        account = None
        # A name that no account can have may be longer than a store takes: it is as unknown as all others.
        if USER_NAME_PATTERN.fullmatch(name):
            with contextlib.suppress(NotFound):
                account = await self._store.get(name)
        matches = await self._hasher.verify(account.password_hash if account else None, password)
        if account is None or not matches:
            raise Unauthenticated("Wrong name or password.")
        await self._attempts.succeed(name, address)
        return self._issue(account)

    def _issue(self, account: Account) -> IssuedToken:
        lifetime = self._token_lifetime_seconds
        expires_at = int(self._clock.now().timestamp()) + lifetime
        claims = TokenClaims(secrets.token_hex(16), account.name, account.token_epoch, expires_at)
        return IssuedToken(self._codec.encode(claims), lifetime)

    async def sign_out(self, caller: Caller) -> None:
        """Revoke the token that the caller came with."""
        if isinstance(caller.token, ApiToken):
            await self._api_tokens.remove(caller.token)
        if isinstance(caller.token, TokenClaims):
            expires_at = datetime.fromtimestamp(caller.token.expires_at, UTC)
            await self._store.revoke_token(caller.token.id, expires_at=expires_at)

    async def list_users(self, *, limit: int, after: str | None) -> Sequence[Account]:
        """The next users by name."""
        return await self._store.list_accounts(limit=limit, after=after)

    async def add_user(self, name: str, password: str, permissions: AbstractSet[Permission]) -> Account:
        """Create a user. Raises InvalidInput for a poor password, AlreadyExists."""
        check_new_password(password, name)
        account = Account(
            name=name,
            password_hash=await self._hasher.hash(password),
            permissions=frozenset(permissions),
            token_epoch=new_epoch(),
            created_at=self._clock.now(),
            id=new_account_id(),
            grant_epoch=new_epoch(),
        )
        await self._store.add(account)
        return account

    async def set_permissions(self, name: str, permissions: AbstractSet[Permission]) -> Account:
        """Give a user exactly these permissions, from the next request on. Raises NotFound, LastAdmin."""
        for _ in range(_CHANGE_ATTEMPTS):
            account = await self._store.get(name)
            changed = replace(account, permissions=frozenset(permissions), revision=account.revision + 1)
            try:
                await self._store.replace(changed, expected_revision=account.revision)
            except RevisionConflict:
                continue
            return changed
        raise RevisionConflict("The user is being changed by others. Try again.")

    async def change_password(
        self, caller: Caller, name: str, *, current: str | None, new: str, revoke_api_tokens: bool
    ) -> None:
        """Set a new password and end the user's sessions, and with `revoke_api_tokens` their API tokens too.

        Raises PermissionDenied for a wrong `current`.
        """
        if caller.name != name and not caller.is_admin:
            raise PermissionDenied("Only the user and admins may change a password.")
        account = await self._store.get(name)
        if current is None and not caller.is_admin:
            raise InvalidInput("give the current password too", pointer="/current_password")
        if current is not None:
            await self._attempts.begin_change(account.id)
            if not await self._hasher.verify(account.password_hash, current):
                raise PermissionDenied("The current password is wrong.")
            await self._attempts.succeed_change(account.id)
        check_new_password(new, name, pointer="/new_password")
        changed = replace(
            account,
            password_hash=await self._hasher.hash(new),
            token_epoch=new_epoch(),
            grant_epoch=new_epoch() if revoke_api_tokens else account.grant_epoch,
            revision=account.revision + 1,
        )
        await self._store.replace(changed, expected_revision=account.revision)
        if revoke_api_tokens:
            await self._api_tokens.drop(name, grant_epoch=account.grant_epoch)

    async def remove_user(self, caller: Caller, name: str) -> None:
        """Remove a user; their tokens end, their packages stay. Raises PermissionDenied, NotFound, LastAdmin."""
        if caller.name != name and not caller.is_admin:
            raise PermissionDenied("Only the user and admins may delete an account.")
        account = await self._store.get(name)
        await self._store.remove(name)
        # They are void already: no later account has this epoch.
        await self._api_tokens.drop(name, grant_epoch=account.grant_epoch)
