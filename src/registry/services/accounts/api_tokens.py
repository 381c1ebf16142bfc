"""API tokens: made, listed, revoked, and noted as used."""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from registry.domain.accounts import ApiToken, Caller, Permission
from registry.domain.api_tokens import beginning_of, digest_of, make_token_text
from registry.domain.errors import NotFound, PermissionDenied, RegistryError
from registry.domain.name_patterns import NamePatterns
from registry.domain.pages import cut_page
from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.clock import Clock, IdSource
from registry.services.maintenance.background import write_in_batches

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new API token with its text, which is nowhere else."""

    text: str
    token: ApiToken


@dataclass(frozen=True, slots=True)
class TokenPage:
    """A page of tokens. `next_after` is where the next one begins, None at the end."""

    items: tuple[ApiToken, ...]
    next_after: str | None


class ApiTokens:
    """Use cases around API tokens. Callers come with a session: an API token may not make others."""

    def __init__(self, store: ApiTokenStore, accounts: AccountStore, *, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        caller: Caller,
        *,
        name: str,
        permissions: AbstractSet[Permission],
        packages: NamePatterns,
        expires_in_seconds: int | None,
    ) -> MadeToken:
        """A token of the caller's. Raises PermissionDenied for permissions that the caller does not have."""
        if missing := sorted(set(permissions) - caller.permissions):
            raise PermissionDenied(f"You cannot give what you do not have: {', '.join(missing)}.")
        account = await self._accounts.get(caller.name)
        now, text = self._clock.now(), make_token_text()
        token = ApiToken(
            id=self._ids.new_id(),
            digest=digest_of(text),
            beginning=beginning_of(text),
            user=account.name,
            grant_epoch=account.grant_epoch,
            name=name,
            permissions=frozenset(permissions),
            packages=packages,
            created_at=now,
            expires_at=None if expires_in_seconds is None else now + timedelta(seconds=expires_in_seconds),
        )
        await self._store.add(token)
        return MadeToken(text, token)

    async def list_page(self, caller: Caller, user: str | None, *, limit: int, after: str | None) -> TokenPage:
        """The caller's tokens, newest first, or another user's for admins. Raises PermissionDenied, NotFound."""
        if user not in (None, caller.name) and not caller.is_admin:
            raise PermissionDenied("Only admins may list the API tokens of others.")
        account = await self._accounts.get(user or caller.name)
        found = await self._store.list_tokens(account.name, limit=limit + 1, after=after)
        page, next_after = cut_page(found, limit, lambda token: token.id)
        # Those of another epoch are void, and about to be removed.
        items = tuple(token for token in page if token.grant_epoch == account.grant_epoch)
        return TokenPage(items, next_after)

    async def revoke(self, caller: Caller, token_id: str) -> None:
        """End a token of the caller's, or anybody's for admins, from the next request on. Raises NotFound."""
        token = await self._store.get(token_id)
        if token.user != caller.name and not caller.is_admin:
            raise NotFound(f"There is no API token {token_id}.")
        await self._store.remove(token)


class TokenUse:
    """Notes when tokens were used: at most once in some minutes each, and not while a request waits."""

    _RECORDED_EVERY = timedelta(minutes=4)
    """With what a write takes, lists are five minutes late at most."""
    _FLUSH_SECONDS = 0.5

    def __init__(self, store: ApiTokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: dict[str, datetime] = {}
        self._wake = asyncio.Event()

    def noticed(self, token: ApiToken) -> None:
        """A request came with the token, as it was read for the request."""
        now = self._clock.now()
        if token.last_used_at is not None and now - token.last_used_at < self._RECORDED_EVERY:
            return
        self._waiting.setdefault(token.digest, now)
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; what is waiting then is written before it ends."""
        await write_in_batches(self._wake, self.flush, seconds=self._FLUSH_SECONDS)

    async def flush(self) -> None:
        """Write what is waiting."""
        self._wake.clear()
        used, self._waiting = self._waiting, {}
        if not used:
            return
        try:
            await self._store.record_use(used)
        except RegistryError as error:
            # The next request with the token tries again.
            _log.warning("token_use_not_recorded", tokens=len(used), reason=str(error))
