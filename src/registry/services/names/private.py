"""Which names are private, for every process to know.

Reads are many and private names are few, so each process keeps the list for a lease of a second, and a change of
visibility is answered once every lease that began before it has ended: from then on it holds everywhere.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from registry.domain.names import Name
from registry.domain.packages import PackageType
from registry.ports.names import NameStore

LEASE_SECONDS = 1.0

PrivateByName = Mapping[tuple[PackageType, str], Name]


class PrivateNames:
    def __init__(self, names: NameStore, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._names = names
        self._monotonic = monotonic
        self._known: PrivateByName = {}
        self._good_until = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def current(self) -> PrivateByName:
        """The private names, as of a second ago at most. A call to the store for all requests of a second."""
        while self._monotonic() >= self._good_until:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            reading = self._reading
            await asyncio.shield(reading)
        return self._known

    async def _read(self) -> None:
        begun = self._monotonic()  # what changes while the list is read may be missing from it
        try:
            found = await self._names.list_private()
            self._known = {(name.type, name.name): name for name in found}
            self._good_until = begun + LEASE_SECONDS
        finally:
            self._reading = None

    async def changed(self) -> None:
        """Return once every process knows of a change that was made before the call."""
        self._good_until = float("-inf")
        await asyncio.sleep(LEASE_SECONDS)
        self._good_until = float("-inf")
