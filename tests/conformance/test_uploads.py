"""The suites of uploads over the embedded backend, and what only files have."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from registry.adapters.filesystem import FilesystemBlobStore
from registry.adapters.filesystem.blob_folder import BlobFolder
from registry.adapters.filesystem.parts import FilesystemPartStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.idempotency import SqliteIdempotencyStore
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.uploads import SqliteUploadStore
from registry.adapters.sqlite.usage import SqliteUsageStore
from registry.domain.errors import Unavailable, UploadIncomplete, UploadSealed
from tests.conformance.blob_store import MIB, chunked, list_all, make_bytes
from tests.conformance.part_store import PartStoreContract, PartStores
from tests.conformance.upload_store import UploadRecords, UploadStoreContract
from tests.factories import ManualClock


class TestSqliteUploadStore(UploadStoreContract):
    @pytest.fixture
    async def records(self, tmp_path: Path) -> AsyncIterator[UploadRecords]:
        clock = ManualClock()
        database = await SqliteDatabase.open(tmp_path / "registry.db")
        try:
            yield UploadRecords(
                uploads=SqliteUploadStore(database, clock),
                usage=SqliteUsageStore(database),
                packages=SqlitePackageStore(database, clock),
                idempotency=SqliteIdempotencyStore(database, clock),
                maintenance=SqliteRecordMaintenance(database),
                clock=clock,
            )
        finally:
            await database.close()


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[PartStores]:
    parts, blobs = FilesystemPartStore.open(tmp_path), FilesystemBlobStore.open(tmp_path)
    yield PartStores(parts, blobs)
    parts.close()
    blobs.close()


class TestFilesystemPartStore(PartStoreContract):
    memory_bound_bytes: ClassVar[int] = 8 * MIB


async def two_parts(stores: PartStores) -> str:
    key = await stores.parts.begin()
    for number in (1, 2):
        await stores.parts.put_part(key, number, chunked(b"abc"), offset=3 * number - 3, size=3)
    return key


async def test_completing_copies_nothing(stores: PartStores, tmp_path: Path) -> None:
    key = await two_parts(stores)
    before = (tmp_path / key[:2] / key).stat()
    async with stores.parts.complete(key, await stores.parts.list_parts(key)) as blob:
        after = (tmp_path / blob.key[:2] / blob.key).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


async def test_sealed_bytes_cannot_be_written(stores: PartStores) -> None:
    key = await two_parts(stores)
    async with stores.parts.complete(key, await stores.parts.list_parts(key)):
        with pytest.raises(UploadSealed):
            await stores.parts.put_part(key, 1, chunked(b"xyz"), offset=0, size=3)
    with pytest.raises(UploadSealed):
        await stores.parts.put_part(key, 1, chunked(b"xyz"), offset=0, size=3)
    assert len(await stores.parts.list_parts(key)) == 2


async def test_part_on_its_way_cannot_change_what_was_sealed_meanwhile(stores: PartStores, tmp_path: Path) -> None:
    key = await stores.parts.begin()
    parts = [await stores.parts.put_part(key, 1, chunked(make_bytes(3 * MIB)), offset=0, size=3 * MIB)]
    begun, sealed = asyncio.Event(), asyncio.Event()

    async def late() -> AsyncIterator[bytes]:
        yield bytes(MIB)
        yield bytes(MIB)
        begun.set()
        await sealed.wait()
        yield bytes(MIB)

    async def send_late() -> None:
        await stores.parts.put_part(key, 2, late(), offset=0, size=3 * MIB)

    task = asyncio.create_task(send_late())
    await begun.wait()
    async with stores.parts.complete(key, parts) as blob:
        sealed.set()
        with pytest.raises(UploadSealed):
            await task
        digest_then = blob.sha256
    async with stores.parts.complete(key, parts) as again:
        assert again.sha256 == digest_then


async def test_one_process_completes_at_a_time(stores: PartStores, tmp_path: Path) -> None:
    key = await two_parts(stores)
    parts = await stores.parts.list_parts(key)
    other = FilesystemPartStore.open(tmp_path)
    try:
        async with stores.parts.complete(key, parts):
            with pytest.raises(UploadSealed):
                await other.complete(key, parts).__aenter__()
        async with other.complete(key, parts):
            pass
    finally:
        other.close()


async def test_line_that_a_crash_cut_short_counts_for_nothing(stores: PartStores, tmp_path: Path) -> None:
    key = await two_parts(stores)
    journal = tmp_path / key[:2] / f"{key}.parts"
    journal.write_bytes(journal.read_bytes()[:-10])
    assert [part.number for part in await stores.parts.list_parts(key)] == [1]
    await stores.parts.put_part(key, 2, chunked(b"abc"), offset=3, size=3)
    assert [part.number for part in await stores.parts.list_parts(key)] == [1, 2]


async def test_journal_that_a_crash_left_is_swept_as_a_blob(stores: PartStores, tmp_path: Path) -> None:
    key = await two_parts(stores)
    async with stores.parts.complete(key, await stores.parts.list_parts(key)):
        pass  # the record was written, and the process ended before `finish`
    left = [info.key for info in await list_all(stores.blobs)]
    assert sorted(left) == [key, f"{key}.parts"]
    await stores.blobs.delete(f"{key}.parts")
    assert [info.key for info in await list_all(stores.blobs)] == [key]


async def test_fsync_that_fails_is_no_part(tmp_path: Path) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    good = FilesystemPartStore.open(tmp_path)
    bad = FilesystemPartStore(BlobFolder(tmp_path, threads=1, name="bad", fsync=failing))
    try:
        key = await good.begin()
        with pytest.raises(Unavailable):
            await bad.put_part(key, 1, chunked(b"abc"), offset=0, size=3)
        assert list(await good.list_parts(key)) == []
    finally:
        good.close()
        bad.close()


async def test_missing_part_unseals(stores: PartStores) -> None:
    key = await two_parts(stores)
    parts = await stores.parts.list_parts(key)
    await stores.parts.put_part(key, 1, chunked(b"xyz"), offset=0, size=3)
    with pytest.raises(UploadIncomplete):
        await stores.parts.complete(key, parts).__aenter__()
    await stores.parts.put_part(key, 1, chunked(b"abc"), offset=0, size=3)
