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
from registry.telemetry import observed_records
from registry.telemetry.observation import CallObserver, Timed
from registry.telemetry.observed_stores import ObservedAttempts, ObservedBlobs, ObservedParts, ObservedRatingCache


@asynccontextmanager
async def open_records(data_dir: Path, clock: Clock, observer: CallObserver) -> AsyncIterator[Records]:
    database = await SqliteDatabase.open(data_dir / "registry.db")
    timed = Timed("records", observer)
    try:
        yield Records(
            packages=observed_records.ObservedPackages(SqlitePackageStore(database, clock), timed),
            names=observed_records.ObservedNames(SqliteNameStore(database, clock), timed),
            downloads=observed_records.ObservedDownloads(SqliteDownloadStore(database), timed),
            releases=observed_records.ObservedReleases(SqliteReleaseStore(database, clock), timed),
            changes=SqliteChangeFeed(database),
            accounts=observed_records.ObservedAccounts(SqliteAccountStore(database), timed),
            api_tokens=observed_records.ObservedApiTokens(SqliteApiTokenStore(database), timed),
            reader=observed_records.ObservedDocuments(SqliteDocumentReader(database), timed),
            audit=observed_records.ObservedAudit(SqliteAuditStore(database), timed),
            audit_log=observed_records.ObservedAuditLog(SqliteAuditLog(database), timed),
            idempotency=observed_records.ObservedIdempotency(SqliteIdempotencyStore(database, clock), timed),
            uploads=observed_records.ObservedUploads(SqliteUploadStore(database, clock), timed),
            usage=observed_records.ObservedUsage(SqliteUsageStore(database), timed),
            source_urls=observed_records.ObservedSourceUrls(SqliteSourceUrlStore(database), timed),
            ratings=observed_records.ObservedRatings(SqliteRatingStore(database), timed),
            verdicts=observed_records.ObservedVerdicts(SqliteVerdictStore(database), timed),
            scan_requests=observed_records.ObservedScanRequests(SqliteScanRequestStore(database), timed),
            derived=observed_records.ObservedDerived(SqliteDerivedStore(database), timed),
            webhooks=observed_records.ObservedWebhooks(SqliteWebhookStore(database, clock), timed),
            outbox=observed_records.ObservedOutbox(SqliteDeliveryOutbox(database, clock), timed),
            health_log=SqliteHealthLog(database),
            upgrades=SqliteUpgradeStore(database),
            maintenance=observed_records.ObservedMaintenance(SqliteRecordMaintenance(database), timed),
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
        timed = Timed("blobs", observer)
        yield Bytes(ObservedBlobs(blobs, timed), ObservedParts(parts, timed))


@asynccontextmanager
async def open_shared(data_dir: Path, clock: Clock, observer: CallObserver) -> AsyncIterator[Shared]:
    database = await SqliteDatabase.open(data_dir / "throttle.db", migrations=THROTTLE, durable=False)
    try:
        yield Shared(
            attempts=ObservedAttempts(SqliteAttemptCounter(database, clock), Timed("throttle", observer)),
            ratings=ObservedRatingCache(MemoryRatingCache(clock), Timed("cache", observer)),
            probe=None,
        )
    finally:
        await database.close()
