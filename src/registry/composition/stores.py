"""Opens the stores that the settings choose: each home is a setting of its own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from registry.composition import embedded, scaled
from registry.composition.homes import Bytes, EngineLimits, Records, Shared, Stores
from registry.composition.observing import tell
from registry.ports.clock import Clock
from registry.services.observation import CallObserver
from registry.settings import BlobsHome, CacheHome, RecordsHome, Settings


@asynccontextmanager
async def open_stores(
    settings: Settings, clock: Clock, observer: CallObserver, limits: EngineLimits
) -> AsyncIterator[Stores]:
    """Open what the settings choose. Engines tell of their own calls, tries again included; the others are wrapped."""
    if settings.keeps_files:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with (
        _records(settings, clock, observer, limits) as records,
        _bytes(settings, observer, limits) as stored,
        _shared(settings, clock, observer, limits) as shared,
    ):
        yield Stores(records, stored, shared)


def _records(
    settings: Settings, clock: Clock, observer: CallObserver, limits: EngineLimits
) -> AbstractAsyncContextManager[Records]:
    if settings.records is RecordsHome.DYNAMODB:
        return scaled.open_records(settings, clock, limits.records, on_call=tell(observer, "records"))
    return embedded.open_records(settings.data_dir, clock, observer)


def _bytes(settings: Settings, observer: CallObserver, limits: EngineLimits) -> AbstractAsyncContextManager[Bytes]:
    if settings.blobs is BlobsHome.S3:
        return scaled.open_bytes(settings, limits.bytes, on_call=tell(observer, "blobs"))
    return embedded.open_bytes(settings.data_dir, observer)


def _shared(
    settings: Settings, clock: Clock, observer: CallObserver, limits: EngineLimits
) -> AbstractAsyncContextManager[Shared]:
    if settings.cache is CacheHome.REDIS:
        return scaled.open_shared(settings, clock, limits.shared, on_call=tell(observer, "cache"))
    return embedded.open_shared(settings.data_dir, clock, observer)
