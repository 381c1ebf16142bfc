"""Opens the stores that the settings choose: each storage backend is a setting of its own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from registry.adapters.system import AgreedClock
from registry.composition import embedded
from registry.composition.backends import Bytes, Records, Shared, Stores
from registry.ports.clock import Clock
from registry.services.accounts.leases import (
    LeasedAccounts,
    LeasedApiTokens,
    LeasedMaintenance,
    LeasedReader,
    SessionLeases,
)
from registry.settings import BlobsBackend, CacheBackend, RecordsBackend, Settings
from registry.telemetry.observation import CallObserver

if TYPE_CHECKING:
    from registry.composition.engines import EngineLimits

# The engines' libraries take half a second to import: only for those who use one.


@asynccontextmanager
async def open_stores(
    settings: Settings, clock: AgreedClock, observer: CallObserver, limits: "EngineLimits | None"
) -> AsyncIterator[Stores]:
    """Open what the settings choose; hosts that share records agree on the time by them.

    Engines report their own calls, tries again included; the others are wrapped.
    """
    if settings.keeps_files:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with (
        _records(settings, clock, observer, limits) as records,
        _bytes(settings, observer, limits) as stored,
        _shared(settings, clock, observer, limits) as shared,
    ):
        yield Stores(_leased(records, settings.session_lease_seconds), stored, shared)


def _leased(records: Records, seconds: float) -> Records:
    """The same records; sessions are used for a moment after they were read, where the settings want that."""
    if not seconds:
        return records
    leases = SessionLeases(seconds)
    return replace(
        records,
        accounts=LeasedAccounts(records.accounts, leases),
        api_tokens=LeasedApiTokens(records.api_tokens, leases),
        reader=LeasedReader(records.reader, records.packages, leases),
        maintenance=LeasedMaintenance(records.maintenance, leases),
    )


def _records(
    settings: Settings, clock: AgreedClock, observer: CallObserver, limits: "EngineLimits | None"
) -> AbstractAsyncContextManager[Records]:
    if settings.records is RecordsBackend.SQLITE:
        return embedded.open_records(settings.data_dir, clock, observer)
    from registry.composition import scaled

    return scaled.open_records(settings, clock, observer, limits)


def _bytes(
    settings: Settings, observer: CallObserver, limits: "EngineLimits | None"
) -> AbstractAsyncContextManager[Bytes]:
    if settings.blobs is BlobsBackend.FILES:
        return embedded.open_bytes(settings.data_dir, observer, read_memory_bytes=settings.download_memory_bytes)
    from registry.composition import scaled

    return scaled.open_bytes(settings, observer, limits)


def _shared(
    settings: Settings, clock: Clock, observer: CallObserver, limits: "EngineLimits | None"
) -> AbstractAsyncContextManager[Shared]:
    if settings.cache is CacheBackend.MEMORY:
        return embedded.open_shared(settings.data_dir, clock, observer)
    from registry.composition import scaled

    return scaled.open_shared(settings, clock, observer, limits)
