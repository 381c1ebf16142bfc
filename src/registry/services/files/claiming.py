"""Holding the lease on something that is being made, for as long as that takes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from registry.domain.errors import RegistryError
from registry.ports.clock import Clock, IdSource
from registry.ports.derived import DerivedKey, DerivedLease, DerivedStore
from registry.services.maintenance.background import beside


class Claiming:
    """Claims for one process. A process that dies stops extending, and its lease ends by itself."""

    def __init__(self, store: DerivedStore, *, clock: Clock, ids: IdSource, lease_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lease = timedelta(seconds=lease_seconds)

    @asynccontextmanager
    async def leased(self, key: DerivedKey) -> AsyncIterator[DerivedLease | None]:
        """The lease, extended while the block runs; None where another process has it.

        An error of a store, or cancellation, ends the lease as if it had not been taken.
        """
        now = self._clock.now()
        lease = await self._store.lease(key, token=self._ids.new_id(), now=now, until=now + self._lease)
        if lease is None:
            yield None
            return
        try:
            async with beside(self._extend(lease)):
                yield lease
        except (RegistryError, asyncio.CancelledError):
            with contextlib.suppress(RegistryError):
                await asyncio.shield(self._store.give_back(lease, counted=False))
            raise

    async def _extend(self, lease: DerivedLease) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with contextlib.suppress(RegistryError):
                await self._store.extend(lease, until=self._clock.now() + self._lease)
