"""The embedded storage backend: SQLite and files in the data folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.filesystem.parts import FilesystemPartStore
from registry.adapters.memory.cache import MemoryRatingCache
from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.api_tokens import SqliteApiTokenStore
from registry.adapters.sqlite.audit import SqliteAuditStore
from registry.adapters.sqlite.audit_log import SqliteAuditLog
from registry.adapters.sqlite.changes import SqliteChangeFeed
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.derived import SqliteDerivedStore
from registry.adapters.sqlite.downloads import SqliteDownloadStore
from registry.adapters.sqlite.health import SqliteHealthLog
from registry.adapters.sqlite.idempotency import SqliteIdempotencyStore
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.names import SqliteNameStore
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.ratings import SqliteRatingStore
from registry.adapters.sqlite.reading import SqliteDocumentReader
from registry.adapters.sqlite.releases import SqliteReleaseStore
from registry.adapters.sqlite.scan_requests import SqliteScanRequestStore
from registry.adapters.sqlite.schema import THROTTLE
from registry.adapters.sqlite.source_urls import SqliteSourceUrlStore
from registry.adapters.sqlite.throttle import SqliteAttemptCounter
from registry.adapters.sqlite.upgrades import SqliteUpgradeStore
from registry.adapters.sqlite.uploads import SqliteUploadStore
from registry.adapters.sqlite.usage import SqliteUsageStore
from registry.adapters.sqlite.verdicts import SqliteVerdictStore
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from registry.composition.backends import Bytes, Records, Shared
from registry.ports.clock import Clock
from registry.telemetry.observation import CallObserver, observed


@asynccontextmanager
async def open_records(data_dir: Path, clock: Clock, observer: CallObserver) -> AsyncIterator[Records]:
    database = await SqliteDatabase.open(data_dir / "registry.db")
    try:
        yield Records(
            packages=observed(SqlitePackageStore(database, clock), "records", observer),
            names=observed(SqliteNameStore(database, clock), "records", observer),
            downloads=observed(SqliteDownloadStore(database), "records", observer),
            releases=observed(SqliteReleaseStore(database, clock), "records", observer),
            changes=SqliteChangeFeed(database),
            accounts=observed(SqliteAccountStore(database), "records", observer),
            api_tokens=observed(SqliteApiTokenStore(database), "records", observer),
            reader=observed(SqliteDocumentReader(database), "records", observer),
            audit=observed(SqliteAuditStore(database), "records", observer),
            audit_log=observed(SqliteAuditLog(database), "records", observer),
            idempotency=observed(SqliteIdempotencyStore(database, clock), "records", observer),
            uploads=observed(SqliteUploadStore(database, clock), "records", observer),
            usage=observed(SqliteUsageStore(database), "records", observer),
            source_urls=observed(SqliteSourceUrlStore(database), "records", observer),
            ratings=observed(SqliteRatingStore(database), "records", observer),
            verdicts=observed(SqliteVerdictStore(database), "records", observer),
            scan_requests=observed(SqliteScanRequestStore(database), "records", observer),
            derived=observed(SqliteDerivedStore(database), "records", observer),
            webhooks=observed(SqliteWebhookStore(database, clock), "records", observer),
            outbox=observed(SqliteDeliveryOutbox(database, clock), "records", observer),
            health_log=SqliteHealthLog(database),
            upgrades=SqliteUpgradeStore(database),
            maintenance=observed(SqliteRecordMaintenance(database), "records", observer),
        )
    finally:
        await database.close()


@asynccontextmanager
async def open_bytes(data_dir: Path, observer: CallObserver, *, read_memory_bytes: int) -> AsyncIterator[Bytes]:
    async with AsyncExitStack() as stack:
        blobs = await asyncio.to_thread(
            FilesystemBlobStore.open, data_dir / "blobs", read_memory_bytes=read_memory_bytes
        )
        stack.push_async_callback(asyncio.to_thread, blobs.close)
        parts = await asyncio.to_thread(FilesystemPartStore.open, data_dir / "blobs")
        stack.push_async_callback(asyncio.to_thread, parts.close)
        yield Bytes(observed(blobs, "blobs", observer), observed(parts, "blobs", observer))


@asynccontextmanager
async def open_shared(data_dir: Path, clock: Clock, observer: CallObserver) -> AsyncIterator[Shared]:
    database = await SqliteDatabase.open(data_dir / "throttle.db", migrations=THROTTLE, durable=False)
    try:
        yield Shared(
            attempts=observed(SqliteAttemptCounter(database, clock), "throttle", observer),
            ratings=observed(MemoryRatingCache(clock), "cache", observer),
            probe=None,
        )
    finally:
        await database.close()
