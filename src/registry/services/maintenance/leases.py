"""Leases of work that one process of all does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.domain.errors import RegistryError
from registry.ports.clock import Clock, IdSource
from registry.ports.maintenance import UpgradeStore

_LEASE_SECONDS = 60.0
_RENEWALS = 3


async def take_lease(leases: UpgradeStore, name: str, *, now: datetime, until: datetime) -> str | None:
    """What is noted for a lease that was free at `now`; None where it is not, or another process was faster.

    `swap` ends it, expecting what is noted.
    """
    state = await leases.find(name)
    if state is not None and now < datetime.fromisoformat(state):
        return None
    lease = until.isoformat()
    return lease if await leases.swap(name, lease, expected=state) else None


@dataclass(frozen=True, slots=True)
class _State:
    """`until`: when the work is due, or when the lease of its holder ends. `note`: what was written down last."""

    until: datetime
    holder: str
    note: str

    @classmethod
    def read(cls, text: str) -> "_State":
        until, holder, note = text.split(" ", 2)
        return cls(datetime.fromisoformat(until), holder, note)

    def __str__(self) -> str:
        return f"{self.until.isoformat()} {self.holder} {self.note}"


class RegularWork:
    """Work that is due again and again, and is done by one process of all.

    Its process renews the lease. One that is killed leaves a lease that ends by itself; the work is due then. One that
    is paused for longer than its lease stops when it goes on, and can note nothing: what is noted has another holder
    by then. The moment until it stops can overlap with its successor, so the work must be harmless twice. The clocks of
    the processes must agree to within a fraction of the lease.
    """

    def __init__(
        self, store: UpgradeStore, *, clock: Clock, ids: IdSource, lease_seconds: float = _LEASE_SECONDS
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lease = timedelta(seconds=lease_seconds)
        self.renew_seconds = lease_seconds / _RENEWALS

    async def find_note(self, name: str) -> str:
        """What the last process that did the work wrote down; empty where none has."""
        found = await self._store.find(name)
        return "" if found is None else _State.read(found).note

    async def do(self, name: str, work: Callable[[str], Awaitable[str]], *, every: timedelta) -> bool:
        """Do the work if it is due and nobody else is at it; whether it was done and that is noted.

        `work` gets what the last one wrote down, and returns what the next one gets. It is cancelled when the lease is
        lost. Where it raises, so does this, and the work is due when the lease ends.
        """
        held = await self._take(name)
        if held is None:
            return False
        over = asyncio.Event()
        working = asyncio.ensure_future(work(held.state.note))
        renewing = asyncio.create_task(self._renew(held, over))
        try:
            await asyncio.wait([working, renewing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.set()
            if not working.done():
                working.cancel()
            # A renewal that has begun must end: what is noted has to be known.
            await asyncio.wait([working, renewing])
        if working.cancelled():
            return False
        return await held.swap(self._clock.now() + every, working.result())

    async def _take(self, name: str) -> "_Held | None":
        found, now = await self._store.find(name), self._clock.now()
        before = None if found is None else _State.read(found)
        if before is not None and now < before.until:
            return None
        state = _State(now + self._lease, self._ids.new_id(), "" if before is None else before.note)
        return _Held(self._store, name, state) if await self._store.swap(name, str(state), expected=found) else None

    async def _renew(self, held: "_Held", over: asyncio.Event) -> None:
        """Return when the work is over, or the lease is lost."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self.renew_seconds)
                return
            try:
                if not await held.swap(self._clock.now() + self._lease, held.state.note):
                    return
            except RegistryError:
                # Whether it was renewed is not known then: the next try finds what is noted.
                if self._clock.now() >= held.state.until or not await held.found_again():
                    return


@dataclass(slots=True)
class _Held:
    """A lease of this process, with what it noted last."""

    store: UpgradeStore
    name: str
    state: _State

    async def swap(self, until: datetime, note: str) -> bool:
        """Note this in place of what this process noted. False where the lease is lost."""
        state = _State(until, self.state.holder, note)
        if not await self.store.swap(self.name, str(state), expected=str(self.state)):
            return False
        self.state = state
        return True

    async def found_again(self) -> bool:
        """Whether the lease is still this process's; what is noted is known then. True while that cannot be asked."""
        try:
            found = await self.store.find(self.name)
        except RegistryError:
            return True
        state = None if found is None else _State.read(found)
        if state is None or state.holder != self.state.holder:
            return False
        self.state = state
        return True
