"""The services of files over the stores of both storage backends, for tests of unpacked files."""

import gzip
import random
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from registry.adapters.dynamodb.usage import DynamoUsageStore
from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.s3 import S3BlobStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.derived import SqliteDerivedStore
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.usage import SqliteUsageStore
from registry.adapters.system.ids import UuidSource
from registry.domain.packages import Content, Package
from registry.ports.blobs import BlobStore
from registry.ports.derived import DerivedKind, DerivedRecord, DerivedStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.usage import UsageStore
from registry.services.files.claiming import Claiming
from registry.services.files.files import PackageFiles
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.files.manifests import Manifests
from registry.services.files.reading import ContentReader
from registry.services.files.unpacked import UnpackedFiles
from registry.services.maintenance.background import beside
from tests.archive_forms import tarred, zipped
from tests.dynamodb.samples import open_records
from tests.engines.s3 import fresh_bucket
from tests.engines.tables import fresh_table
from tests.factories import ManualClock, make_change, make_content, make_package
from tests.sandbox import DirectSandbox

LEASE = timedelta(seconds=30)
_RANDOM = random.Random(23)  # noqa: S311 (test data)
WEIGHTS = [_RANDOM.randbytes(1_500_000) * 3 for _ in range(2)]
SMALL = {f"small/{number:03}.txt": b"%d " % number * 300 for number in range(300)}


@cache
def archives() -> list[bytes]:
    """Versions that share weights, in forms that have to be unpacked, and one that has not."""
    first, second = ({"model.bin": weights, **SMALL} for weights in WEIGHTS)
    return [
        zipped(first),
        zipped({**first, "new.txt": b"1"}),
        gzip.compress(tarred(first), 1, mtime=0),
        gzip.compress(tarred(second), 1, mtime=0),
        zipped(second, zipfile.ZIP_STORED),
    ]


@dataclass(frozen=True, slots=True)
class Stores:
    """Of one storage backend. `redirects`: clients are redirected to the blob store, so it gets a copy of what is
    stored in archives as it is.
    """

    packages: PackageStore
    derived: DerivedStore
    maintenance: RecordMaintenance
    usage: UsageStore
    blobs: BlobStore
    clock: ManualClock
    redirects: bool


@dataclass(frozen=True, slots=True)
class World:
    """The services of one process over the stores."""

    stores: Stores
    files: PackageFiles
    manifests: Manifests
    unpacked: UnpackedFiles
    housekeeping: DerivedBlobs

    @property
    def blobs(self) -> BlobStore:
        return self.stores.blobs

    @property
    def derived(self) -> DerivedStore:
        return self.stores.derived

    @property
    def clock(self) -> ManualClock:
        return self.stores.clock

    async def publish(self, data: bytes) -> Package:
        content = await self.store(data)
        package = make_package(content=content)
        await self.stores.packages.add(package, make_change(package.id))
        return package

    async def store(self, data: bytes) -> Content:
        blob = await self.blobs.put(in_pieces(data))
        return make_content(blob_key=blob.key, size=blob.size, sha256=blob.sha256)

    async def remove(self, package: Package, *, crash: bool) -> None:
        await self.stores.packages.remove(package.id, make_change(package.id), expected_revision=package.revision)
        if not crash:
            await self.blobs.delete(content_of(package).blob_key)
            await self.housekeeping.forget(content_of(package))

    async def sweep(self) -> None:
        await self.housekeeping.collect()
        found = [blob.key async for blob in self.blobs.list_blobs()]
        for key in set(found) - await self.stores.maintenance.live_blob_keys(found):
            await self.blobs.delete(key)

    async def read(self, package: Package, path: str, offset: int = 0, length: int | None = None) -> bytes:
        content = content_of(package)
        manifest = await self.files.manifest(content, user="ann")
        entry = manifest.find(path)
        assert entry is not None
        # At scale this has a stored file copied, so that the next request is redirected.
        await self.files.presign(content, manifest, entry, filename="f", media_type="m")
        async with self.files.open(content, manifest, entry, offset=offset, length=length) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def kept(self) -> list[DerivedRecord]:
        return [record async for record in self.derived.list_records()]

    async def unpacked_keys(self) -> list[str]:
        return [r.blob_key for r in await self.kept() if r.key.kind is DerivedKind.FILE and r.blob_key]


def content_of(package: Package) -> Content:
    assert package.content is not None
    return package.content


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1_000_000):
        yield data[start : start + 1_000_000]


@asynccontextmanager
async def embedded_stores(folder: Path) -> AsyncIterator[Stores]:
    clock = ManualClock()
    database = await SqliteDatabase.open(folder / "registry.db")
    blobs = FilesystemBlobStore.open(folder / "blobs")
    yield Stores(
        SqlitePackageStore(database, clock),
        SqliteDerivedStore(database),
        SqliteRecordMaintenance(database),
        SqliteUsageStore(database),
        blobs,
        clock,
        redirects=False,
    )
    blobs.close()
    await database.close()


@asynccontextmanager
async def scaled_stores(dynamodb_endpoint: str, s3_endpoint: str) -> AsyncIterator[Stores]:
    clock = ManualClock()
    async with fresh_table(dynamodb_endpoint) as table, fresh_bucket(s3_endpoint) as bucket:
        records = open_records(table, clock)
        yield Stores(
            records.packages,
            records.derived,
            records.maintenance,
            DynamoUsageStore(table),
            S3BlobStore(bucket),
            clock,
            redirects=True,
        )


@asynccontextmanager
async def process(stores: Stores) -> AsyncIterator[World]:
    """A process that remembers nothing of those before it."""
    derived, blobs = stores.derived, stores.blobs
    claiming = Claiming(derived, clock=stores.clock, ids=UuidSource(), lease_seconds=LEASE.total_seconds())
    manifests = Manifests(derived, blobs, ContentReader(blobs, DirectSandbox(), most_seconds=60), claiming)
    unpacked = UnpackedFiles(derived, blobs, claiming, always_bytes=10_000_000)
    files = PackageFiles(manifests, unpacked, blobs, redirects=stores.redirects)
    async with beside(manifests.run()):
        yield World(stores, files, manifests, unpacked, DerivedBlobs(derived, stores.maintenance, blobs))
