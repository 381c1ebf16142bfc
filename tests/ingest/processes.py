"""Several serving processes' ingests over one SQLite store, fed by a source that does as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.source_urls import SqliteSourceUrlStore
from registry.adapters.sqlite.uploads import SqliteUploadStore
from registry.adapters.sqlite.usage import SqliteUsageStore
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from registry.adapters.system.ids import UuidSource
from registry.domain.errors import AlreadyExists
from registry.domain.packages import Content, Package, PackageStatus
from registry.ports.fetching import Fetched, FetchError, SourceFacts
from registry.services.ingest.gate import ScoreGate
from registry.services.ingest.ingest import Ingest
from registry.services.ingest.leases import IngestLeases
from registry.services.packages.archive_reading import ArchiveReader
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.intake import Intake
from registry.services.uploads.quotas import QuotaRules, Quotas
from tests.factories import START, ManualClock, make_account, make_change, make_package
from tests.sandbox import DirectSandbox

URL = "https://example.org/model.bin"
LEASE_SECONDS = 120.0


@dataclass
class Source:
    """Implements `ContentFetcher`: half of the content, then the rest once `go` is set. `failures` come first."""

    content: bytes = b"first half, second half"
    facts: SourceFacts = field(default_factory=SourceFacts)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    halfway: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[FetchError] = field(default_factory=list)
    opened: int = 0

    async def check(self, url: str) -> None:
        """Every address will do."""

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncIterator[Fetched]:
        assert url == URL
        self.opened += 1
        if self.failures:
            raise self.failures.pop(0)
        yield Fetched(self._chunks(), "model.bin", "application/octet-stream", self.facts)

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield self.content[:10]
        self.halfway.set()
        await self.go.wait()
        yield self.content[10:]


@dataclass
class World:
    """What the processes share. `naps` are the waits between attempts, which take no time here."""

    packages: SqlitePackageStore
    accounts: SqliteAccountStore
    webhooks: SqliteWebhookStore
    outbox: SqliteDeliveryOutbox
    blobs: FilesystemBlobStore
    quotas: Quotas
    source_urls: SqliteSourceUrlStore
    clock: ManualClock
    source: Source = field(default_factory=Source)
    naps: list[float] = field(default_factory=list)
    notes: list[str | None] = field(default_factory=list)

    def leases(self, *, lease_seconds: float = LEASE_SECONDS) -> IngestLeases:
        ids = UuidSource()
        audit = AuditWriter(self.clock, ids)
        return IngestLeases(
            self.packages,
            self.accounts,
            self.source_urls,
            audit=audit,
            clock=self.clock,
            ids=ids,
            lease_seconds=lease_seconds,
        )

    def process(self, *, gate: ScoreGate | None = None, lease_seconds: float = LEASE_SECONDS) -> Ingest:
        """The ingest of one more process; `run` it."""
        return Ingest(
            self.packages,
            Intake(self.blobs, ArchiveReader(self.blobs, DirectSandbox()), self.quotas, forget=forget_nothing),
            self.source,
            leases=self.leases(lease_seconds=lease_seconds),
            clock=self.clock,
            lease_seconds=lease_seconds,
            gate=gate,
            sleep=self._nap,
        )

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        page = [await self.packages.get(package_id) for package_id in self.known]
        self.notes += [package.status_reason for package in page]

    known: list[str] = field(default_factory=list)

    async def pending(self, **members: Any) -> Package:
        """A package that awaits its content, published now."""
        now = self.clock.now()
        members = {"created_at": now, "updated_at": now, **members}
        package = make_package(status=PackageStatus.PENDING, source_url=URL, content=None, **members)
        with contextlib.suppress(AlreadyExists):  # one account publishes all of them
            await self.accounts.add(make_account(name=package.created_by, id=package.created_by))
        await self.packages.add(package, make_change(package.id))
        self.known.append(package.id)
        return package

    async def settled(self, package: Package) -> Package:
        """The package once it is no longer pending."""
        async with asyncio.timeout(20):
            while (found := await self.packages.get(package.id)).status is PackageStatus.PENDING:  # noqa: ASYNC110 - other processes write it
                await asyncio.sleep(0.005)
        return found

    async def stored_keys(self) -> list[str]:
        return [blob.key async for blob in self.blobs.list_blobs()]


async def forget_nothing(_content: Content) -> None:
    """There are no manifests here."""


@asynccontextmanager
async def open_world(folder: Path, *, user_bytes: int = 0) -> AsyncIterator[World]:
    database = await SqliteDatabase.open(folder / "registry.db")
    blobs = FilesystemBlobStore.open(folder / "blobs")
    clock = ManualClock(START)
    try:
        quotas = Quotas(
            SqliteUsageStore(database),
            SqliteUploadStore(database, clock),
            QuotaRules(package_bytes=1_000_000, user_bytes=user_bytes, open_uploads=1),
        )
        yield World(
            SqlitePackageStore(database, clock),
            SqliteAccountStore(database),
            SqliteWebhookStore(database, clock),
            SqliteDeliveryOutbox(database, clock),
            blobs,
            quotas,
            SqliteSourceUrlStore(database),
            clock,
        )
    finally:
        blobs.close()
        await database.close()


@asynccontextmanager
async def running(ingest: Ingest) -> AsyncIterator[asyncio.Task[None]]:
    """The process serves until the end, and then stops in good order."""
    task = asyncio.create_task(ingest.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
