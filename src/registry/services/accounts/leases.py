"""A session may be used for a moment after it was read, and a change of one is answered when that moment is over.

Nearly every request reads the account and the revocation of its token. With a lease of `seconds` (a setting) a process
uses what it has read for so long, counted from the start of the read. A write that takes something away (a permission,
a password, a token, a user) answers `seconds` and a tenth after its commit. By then every lease that was read before
the commit has ended, on every host: so a change still holds from the next request on. No clocks are compared: each
process measures durations by its own steady clock. All processes must have the same lease.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from registry.domain.accounts import Account, ApiToken, Grant, Session
from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.reading import DocumentForGrant, DocumentForSession, DocumentReader

_MARGIN = 1.1
"""Writers wait longer than readers use what they have: clocks of two hosts may run at slightly different speeds."""
_MOST = 10_000

T = TypeVar("T")
K = TypeVar("K")


class SessionLeases:
    """What this process has read of sessions and API tokens, and until when it may use that."""

    def __init__(
        self,
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self.now = monotonic
        self.sessions: _Held[tuple[str, str], Session] = _Held(seconds)
        self.grants: _Held[str, Grant] = _Held(seconds)

    async def after(self, write: Awaitable[T]) -> T:
        """The result of a write that ends sessions, once nobody uses what was read before it."""
        try:
            written = await write
        finally:
            # This process need not wait to see its own write, whether or not that is known to have happened.
            self.sessions.forget(self.now())
            self.grants.forget(self.now())
        await self._sleep(self._seconds * _MARGIN)
        return written


class _Held(Generic[K, T]):
    """Values by key, each with the time at which its read began."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: OrderedDict[K, tuple[float, T]] = OrderedDict()
        self._not_before = float("-inf")

    def find(self, key: K, now: float) -> T | None:
        held = self._held.get(key)
        return held[1] if held is not None and now < held[0] + self._seconds else None

    def keep(self, key: K, value: T | None, began: float) -> None:
        """Use `value` from now on. What is not there is looked for each time; what a write overtook is not kept."""
        if value is None or began <= self._not_before:
            return
        self._held[key] = (began, value)
        self._held.move_to_end(key)
        if len(self._held) > _MOST:
            self._held.popitem(last=False)

    def forget(self, now: float) -> None:
        self._held.clear()
        self._not_before = now


class LeasedAccounts:
    """Implements `AccountStore`."""

    def __init__(self, store: AccountStore, leases: SessionLeases) -> None:
        self._store = store
        self._leases = leases

    async def add(self, account: Account) -> None:
        await self._store.add(account)

    async def add_first(self, account: Account) -> bool:
        return await self._store.add_first(account)

    async def get(self, name: str) -> Account:
        return await self._store.get(name)

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        await self._leases.after(self._store.replace(account, expected_revision=expected_revision))

    async def remove(self, name: str) -> None:
        await self._leases.after(self._store.remove(name))

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        return await self._store.list_accounts(limit=limit, after=after)

    async def find_session(self, name: str, token_id: str) -> Session | None:
        key, began = (name, token_id), self._leases.now()
        found = self._leases.sessions.find(key, began)
        if found is None:
            found = await self._store.find_session(name, token_id)
            self._leases.sessions.keep(key, found, began)
        return found

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        await self._leases.after(self._store.revoke_token(token_id, expires_at=expires_at))


class LeasedApiTokens:
    """Implements `ApiTokenStore`. Tokens that `drop` removes are void before: the account has another epoch."""

    def __init__(self, store: ApiTokenStore, leases: SessionLeases) -> None:
        self._store = store
        self._leases = leases
        self.add, self.get, self.list_tokens = store.add, store.get, store.list_tokens
        self.drop, self.record_use = store.drop, store.record_use

    async def find_grant(self, digest: str) -> Grant | None:
        began = self._leases.now()
        found = self._leases.grants.find(digest, began)
        if found is None:
            found = await self._store.find_grant(digest)
            self._leases.grants.keep(digest, found, began)
        return found

    async def remove(self, token: ApiToken) -> None:
        await self._leases.after(self._store.remove(token))


class LeasedReader:
    """Implements `DocumentReader`: with a lease the package alone is read."""

    def __init__(self, reader: DocumentReader, packages: PackageStore, leases: SessionLeases) -> None:
        self._reader = reader
        self._packages = packages
        self._leases = leases

    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        key, began = (user, token_id), self._leases.now()
        session = self._leases.sessions.find(key, began)
        if session is not None:
            return DocumentForSession(session, await self._packages.find_document(package_id))
        found = await self._reader.find_for_session(package_id, user=user, token_id=token_id)
        self._leases.sessions.keep(key, found.session, began)
        return found

    async def find_for_grant(self, package_id: str, *, digest: str) -> DocumentForGrant:
        began = self._leases.now()
        grant = self._leases.grants.find(digest, began)
        if grant is not None:
            return DocumentForGrant(grant, await self._packages.find_document(package_id))
        found = await self._reader.find_for_grant(package_id, digest=digest)
        self._leases.grants.keep(digest, found.grant, began)
        return found


class LeasedMaintenance:
    """Implements `RecordMaintenance`: a reset removes accounts."""

    def __init__(self, store: RecordMaintenance, leases: SessionLeases) -> None:
        self._store = store
        self._leases = leases
        self.live_blob_keys, self.list_contents = store.live_blob_keys, store.list_contents
        self.purge_expired, self.ping = store.purge_expired, store.ping
        self.upgrade_listings = store.upgrade_listings

    async def reset(self, admin: Account) -> None:
        await self._leases.after(self._store.reset(admin))
