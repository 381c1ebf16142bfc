"""Unpacked files: made once, shared by contents, never lost and never left behind, whatever the order of events."""

import gzip
import hashlib
import random
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.s3 import S3BlobStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.derived import SqliteDerivedStore
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.system.ids import UuidSource
from registry.domain.errors import NotFound
from registry.domain.packages import Content, Package
from registry.ports.blobs import BlobStore, StoredBlob
from registry.ports.derived import DerivedKind, DerivedRecord, DerivedStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.services.files.claiming import Claiming
from registry.services.files.files import PackageFiles
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.files.manifests import Manifests
from registry.services.files.reading import ContentReader
from registry.services.files.unpacked import LARGE_BYTES, UnpackedFiles
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


@dataclass
class World:
    """The services of one process over stores in a folder."""

    packages: PackageStore
    derived: DerivedStore
    maintenance: RecordMaintenance
    blobs: BlobStore
    clock: ManualClock
    files: PackageFiles
    manifests: Manifests
    unpacked: UnpackedFiles
    housekeeping: DerivedBlobs

    async def publish(self, data: bytes) -> Package:
        content = await self.store(data)
        package = make_package(content=content)
        await self.packages.add(package, make_change(package.id))
        return package

    async def store(self, data: bytes) -> Content:
        blob = await self.blobs.put(in_pieces(data))
        return make_content(blob_key=blob.key, size=blob.size, sha256=blob.sha256)

    async def remove(self, package: Package, *, crash: bool) -> None:
        await self.packages.remove(package.id, make_change(package.id), expected_revision=package.revision)
        if not crash:
            await self.blobs.delete(_content(package).blob_key)
            await self.housekeeping.forget(_content(package))

    async def sweep(self) -> None:
        await self.housekeeping.collect()
        found = [blob.key async for blob in self.blobs.list_blobs()]
        for key in set(found) - await self.maintenance.live_blob_keys(found):
            await self.blobs.delete(key)

    async def read(self, package: Package, path: str, offset: int = 0, length: int | None = None) -> bytes:
        content = _content(package)
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


def _content(package: Package) -> Content:
    assert package.content is not None
    return package.content


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1_000_000):
        yield data[start : start + 1_000_000]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    clock = ManualClock()
    database = await SqliteDatabase.open(folder / "registry.db")
    blobs = FilesystemBlobStore.open(folder / "blobs")
    packages, derived = SqlitePackageStore(database, clock), SqliteDerivedStore(database)
    async with assembled(packages, derived, SqliteRecordMaintenance(database), blobs, clock) as world:
        yield world
    blobs.close()
    await database.close()


@asynccontextmanager
async def opened_at_scale(dynamodb_endpoint: str, s3_endpoint: str) -> AsyncIterator[World]:
    """Clients are redirected to the store, so it gets a copy of what is stored in archives as it is."""
    clock = ManualClock()
    async with fresh_table(dynamodb_endpoint) as table, fresh_bucket(s3_endpoint) as bucket:
        records, blobs = open_records(table, clock), S3BlobStore(bucket)
        async with assembled(
            records.packages, records.derived, records.maintenance, blobs, clock, redirects=True
        ) as world:
            yield world


@asynccontextmanager
async def assembled(
    packages: PackageStore,
    derived: DerivedStore,
    maintenance: RecordMaintenance,
    blobs: BlobStore,
    clock: ManualClock,
    *,
    redirects: bool = False,
) -> AsyncIterator[World]:
    claiming = Claiming(derived, clock=clock, ids=UuidSource(), lease_seconds=30)
    manifests = Manifests(derived, blobs, ContentReader(blobs, DirectSandbox(), most_seconds=60), claiming)
    unpacked = UnpackedFiles(derived, blobs, claiming, always_bytes=10_000_000)
    files = PackageFiles(manifests, unpacked, blobs, redirects=redirects)
    housekeeping = DerivedBlobs(derived, maintenance, blobs)
    async with beside(manifests.run()):
        yield World(packages, derived, maintenance, blobs, clock, files, manifests, unpacked, housekeeping)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        yield found


async def test_equal_large_files_are_kept_once(world: World) -> None:
    packages = [await world.publish(data) for data in archives()[:3]]
    for package in packages:
        for _ in range(2):
            assert await world.read(package, "model.bin") == WEIGHTS[0]
            assert await world.read(package, "small/007.txt") == SMALL["small/007.txt"]
            await world.unpacked.make_wanted()
    kept = [record for record in await world.kept() if record.key.kind is DerivedKind.FILE]
    shared = next(record for record in kept if record.key.sha256 == hashlib.sha256(WEIGHTS[0]).hexdigest())
    assert shared.users == {_content(package).sha256 for package in packages}
    assert len(kept) == 2  # and the rest of the tar
    for package in packages:
        assert await world.read(package, "model.bin", 4_000_000, 77) == WEIGHTS[0][4_000_000:4_000_077]
    for place, package in enumerate(packages):
        await world.remove(package, crash=False)
        await world.sweep()
        assert bool(await world.unpacked_keys()) == (place < 2)
    assert [blob async for blob in world.blobs.list_blobs()] == []


async def test_a_range_of_an_unpacked_file_reads_no_more_than_the_range(world: World) -> None:
    package = await world.publish(archives()[2])
    for path in ("model.bin", "small/299.txt"):
        await world.read(package, path)
        await world.unpacked.make_wanted()
    await world.blobs.delete(_content(package).blob_key)  # nothing reads the tar any more
    assert await world.read(package, "model.bin", 4_499_990, 10) == WEIGHTS[0][-10:]
    for path, data in SMALL.items():
        assert await world.read(package, path) == data


async def test_bytes_that_are_gone_or_damaged_are_made_again(world: World) -> None:
    package = await world.publish(archives()[0])
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    (key,) = await world.unpacked_keys()
    await world.blobs.delete(key)
    assert await world.read(package, "model.bin") == WEIGHTS[0]
    assert await world.unpacked_keys() == []
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    (record,) = [each for each in await world.kept() if each.key.kind is DerivedKind.FILE]
    lease = await world.derived.lease(record.key, token="t", now=world.clock.now(), until=world.clock.now())
    assert lease is not None
    wrong = await world.blobs.put(in_pieces(b"damaged"))
    left = await world.derived.finish(lease, replace(record, blob_key=wrong.key))
    assert left == record.blob_key
    assert await world.housekeeping.scrub() == 1
    assert await world.unpacked_keys() == []


async def test_what_unpacks_to_too_much_is_not_kept(world: World) -> None:
    package = await world.publish(zipped({"zeros": bytes(12_000_000)}))
    assert await world.read(package, "zeros", 5_000_000, 10) == bytes(10)
    await world.unpacked.make_wanted()
    assert await world.unpacked_keys() == []


class _Killed(BaseException):
    """The process ends here."""


@contextmanager
def dying(world: World) -> Iterator[None]:
    """The process ends once it has stored a blob, or is about to delete one."""
    put, copy, delete = world.blobs.put, world.blobs.copy_range, world.blobs.delete

    async def dying_put(source: AsyncIterator[bytes]) -> StoredBlob:
        await put(source)
        raise _Killed

    async def dying_copy(key: str, *, offset: int, length: int) -> str | None:
        if await copy(key, offset=offset, length=length) is None:
            return None
        raise _Killed

    async def dying_delete(key: str) -> None:
        raise _Killed

    world.blobs.put, world.blobs.copy_range, world.blobs.delete = (  # type: ignore[method-assign]
        dying_put,
        dying_copy,
        dying_delete,
    )
    try:
        with suppress(_Killed):
            yield
    finally:
        world.blobs.put, world.blobs.copy_range, world.blobs.delete = put, copy, delete  # type: ignore[method-assign]


class Events:
    """What happens to some packages. `live` are those that exist, each with its place among the archives."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._chance = random.Random(seed)  # noqa: S311 (test data)
        self._forms = archives()
        self.live: dict[str, tuple[Package, int]] = {}

    async def next(self) -> None:
        """One event, with a process that ends in the middle of it now and then."""
        crash = self._chance.random() < 0.3
        event = self._chance.choice(("publish", "replace", "delete", "read", "read", "read", "unpack", "sweep"))
        if event == "publish" or not self.live:
            await self._publish()
        elif event in ("unpack", "sweep"):
            # What is wanted may be of a content that is gone.
            with dying(self._world) if crash else nullcontext(), suppress(NotFound):
                await (self._world.unpacked.make_wanted() if event == "unpack" else self._world.sweep())
        else:
            package, form = self.live[self._chance.choice(sorted(self.live))]
            happens = {"replace": self._replace, "delete": self._delete}.get(event, self.read)
            await happens(package, form, crash)
        if crash:
            self._world.clock.advance(2 * LEASE)

    async def read(self, package: Package, form: int, _crash: bool = False) -> None:  # noqa: FBT001, FBT002
        weights = WEIGHTS[0 if form < 3 else 1]
        at = self._chance.randrange(len(weights))
        assert await self._world.read(package, "model.bin", at, len(weights) - at) == weights[at:]
        assert await self._world.read(package, "small/123.txt") == SMALL["small/123.txt"]

    async def _publish(self) -> None:
        form = self._chance.randrange(len(self._forms))
        package = await self._world.publish(self._forms[form])
        self.live[package.id] = (package, form)

    async def _replace(self, package: Package, _form: int, crash: bool) -> None:  # noqa: FBT001
        form = self._chance.randrange(len(self._forms))
        content = await self._world.store(self._forms[form])
        after = replace(package, content=content, revision=package.revision + 1)
        await self._world.packages.replace(after, make_change(package.id), expected_revision=package.revision)
        self.live[package.id] = (after, form)
        if not crash:
            await self._world.blobs.delete(_content(package).blob_key)
            await self._world.housekeeping.forget(_content(package))

    async def _delete(self, package: Package, _form: int, crash: bool) -> None:  # noqa: FBT001
        del self.live[package.id]
        await self._world.remove(package, crash=crash)


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_of_events_loses_and_leaks_nothing(world: World, seed: int) -> None:
    await check_events(world, seed)


@pytest.mark.parametrize("seed", range(2))
async def test_nor_does_it_at_scale(
    dynamodb_endpoint: str, s3_endpoint: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.adapters.s3.blobs.LEAST_BYTES", LARGE_BYTES)
    async with opened_at_scale(dynamodb_endpoint, s3_endpoint) as world:
        await check_events(world, seed)


async def check_events(world: World, seed: int) -> None:
    """Of what exists nothing is lost at any time, and of what does not nothing is left once the sweep has run."""
    events = Events(world, seed)
    for _ in range(25):
        await events.next()
        assert all(record.users for record in await world.kept())
    for package, form in events.live.values():
        await events.read(package, form)
        await world.remove(package, crash=True)
    world.clock.advance(2 * LEASE)
    await world.sweep()
    assert await world.kept() == []
    assert [blob async for blob in world.blobs.list_blobs()] == []
