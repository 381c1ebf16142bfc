"""The blob store in a folder: the port's contract, and what only files have."""

import asyncio
import errno
import os
import shutil
import stat
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar

import pytest

from registry.adapters.filesystem import FilesystemBlobStore
from registry.adapters.filesystem.folders import FolderSync
from registry.adapters.filesystem.small_blobs import SMALL_BYTES
from registry.domain.errors import Unavailable
from registry.ports.blobs import BlobStore, StoredBlob
from tests.conformance.blob_store import MIB, BlobStoreContract, chunked, fetch, list_all, make_bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "blobs"


class TestFilesystemBlobStore(BlobStoreContract):
    memory_bound_bytes: ClassVar[int] = 8 * MIB

    @pytest.fixture
    def store(self, root: Path) -> Iterator[BlobStore]:
        store = FilesystemBlobStore.open(root)
        yield store
        store.close()


class SystemCalls:
    """Real fsync and write that note what they were given, and fail when told to."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.fsync_error: OSError | None = None
        self.write_error: OSError | None = None
        self.most_bytes_a_write = MIB
        self.unwritable_bytes = 4321
        self.hold_fsync = threading.Event()
        self.in_fsync = threading.Event()
        self.hold_fsync.set()
        self.hold_write = threading.Event()
        self.in_write = threading.Event()
        self.hold_write.set()

    def fsync(self, descriptor: int) -> None:
        self.in_fsync.set()
        self.hold_fsync.wait()
        if self.fsync_error:
            raise self.fsync_error
        os.fsync(descriptor)
        self.synced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def write(self, descriptor: int, data: memoryview) -> int:
        self.in_write.set()
        self.hold_write.wait()
        if self.write_error:
            raise self.write_error
        if len(data) == self.unwritable_bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.write(descriptor, data[: self.most_bytes_a_write])


@pytest.fixture
def calls() -> SystemCalls:
    return SystemCalls()


@pytest.fixture
def store(root: Path, calls: SystemCalls) -> Iterator[FilesystemBlobStore]:
    store = FilesystemBlobStore.open(root, fsync=calls.fsync, write=calls.write)
    calls.synced.clear()
    calls.in_fsync.clear()
    yield store
    calls.hold_fsync.set()
    store.close()


async def test_file_and_then_folder_are_durable_before_put_returns(
    store: FilesystemBlobStore, calls: SystemCalls
) -> None:
    await store.put(chunked(b"abc"))
    assert calls.synced == ["file", "folder"]
    await store.put(chunked(make_bytes(3 * MIB)))
    assert calls.synced == ["file", "folder"] * 2


async def test_new_folders_are_durable(root: Path, calls: SystemCalls) -> None:
    FilesystemBlobStore.open(root, fsync=calls.fsync).close()
    assert calls.synced == ["folder"] * 3  # above data, above blobs, blobs
    FilesystemBlobStore.open(root, fsync=calls.fsync).close()
    assert calls.synced == ["folder"] * 4


async def test_only_the_owner_may_look(root: Path, store: FilesystemBlobStore) -> None:
    await store.put(chunked(b"abc"))
    assert _modes(root) == ({0o600}, {0o700})


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota is used up"), (errno.EIO, "cannot be used")],
)
@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_disk_that_takes_no_more_is_unavailable(
    store: FilesystemBlobStore, calls: SystemCalls, number: int, words: str, size: int
) -> None:
    calls.write_error = OSError(number, os.strerror(number))
    with pytest.raises(Unavailable, match=words):
        await store.put(chunked(make_bytes(size)))
    assert await list_all(store) == []


async def test_failing_fsync_is_no_success(store: FilesystemBlobStore, calls: SystemCalls) -> None:
    calls.fsync_error = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(Unavailable):
        await store.put(chunked(b"abc"))
    assert await list_all(store) == []


async def test_error_names_no_path(store: FilesystemBlobStore, root: Path, calls: SystemCalls) -> None:
    calls.write_error = OSError(errno.EACCES, os.strerror(errno.EACCES), str(root))
    with pytest.raises(Unavailable) as caught:
        await store.put(chunked(b"abc"))
    assert str(root) not in str(caught.value)


async def test_small_blobs_of_one_moment_share_the_folder_s_fsync(
    store: FilesystemBlobStore, calls: SystemCalls
) -> None:
    first, others = await _group_behind(store, calls, sizes=[5, 0, SMALL_BYTES])
    calls.hold_fsync.set()
    stored = [await first, *await asyncio.gather(*others)]
    assert calls.synced == ["file", "folder", *["file"] * 3, "folder"]
    assert [len(await fetch(store, each.key)) for each in stored] == [3, 5, 0, SMALL_BYTES]


async def test_one_of_a_group_fails_alone(store: FilesystemBlobStore, calls: SystemCalls) -> None:
    first, (broken, whole) = await _group_behind(store, calls, sizes=[calls.unwritable_bytes, 7])
    calls.hold_fsync.set()
    await first
    with pytest.raises(Unavailable):
        await broken
    assert await fetch(store, (await whole).key) == make_bytes(7)
    assert sorted(info.size for info in await list_all(store)) == [3, 7]


async def test_one_of_a_group_is_cancelled_alone(store: FilesystemBlobStore, calls: SystemCalls) -> None:
    first, (cancelled, whole) = await _group_behind(store, calls, sizes=[9, 7])
    cancelled.cancel()
    await asyncio.sleep(0)
    calls.hold_fsync.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await fetch(store, (await whole).key) == make_bytes(7)
    assert sorted(info.size for info in await list_all(store)) == [3, 7]


async def test_more_are_cancelled_than_there_are_threads(store: FilesystemBlobStore, calls: SystemCalls) -> None:
    first, group = await _group_behind(store, calls, sizes=[9] * 20)
    calls.in_write.clear()
    calls.hold_write.clear()
    calls.hold_fsync.set()
    await first
    await asyncio.to_thread(calls.in_write.wait)
    for cancelled in group[2:]:
        cancelled.cancel()
    await asyncio.sleep(0.05)  # what is to be discarded takes its threads, if it takes any
    calls.hold_write.set()
    async with asyncio.timeout(30):
        ended = await asyncio.gather(*group, return_exceptions=True)
    assert [type(end) for end in ended] == [StoredBlob] * 2 + [asyncio.CancelledError] * 18
    assert sorted(info.size for info in await list_all(store)) == [3, 9, 9]


async def _group_behind(
    store: FilesystemBlobStore, calls: SystemCalls, *, sizes: list[int]
) -> tuple["asyncio.Task[StoredBlob]", list["asyncio.Task[StoredBlob]"]]:
    """A put that the disk holds up, and others that form a group meanwhile."""
    calls.hold_fsync.clear()
    first = asyncio.create_task(store.put(chunked(b"abc")))
    await asyncio.to_thread(calls.in_fsync.wait)
    others = [asyncio.create_task(store.put(chunked(make_bytes(size)))) for size in sizes]
    await asyncio.sleep(0)  # each runs until it waits for the disk
    assert len(store._small._waiting) == len(sizes)
    return first, others


async def test_short_writes_are_completed(store: FilesystemBlobStore, calls: SystemCalls) -> None:
    calls.most_bytes_a_write = 1000
    data = make_bytes(MIB + 1)
    stored = await store.put(chunked(data))
    assert await fetch(store, stored.key) == data


@pytest.mark.parametrize("cancellations", [1, 2])
async def test_cancelled_while_the_disk_works(
    store: FilesystemBlobStore, root: Path, calls: SystemCalls, cancellations: int
) -> None:
    async def put() -> None:
        await store.put(chunked(b"abc"))

    calls.hold_fsync.clear()
    task = asyncio.create_task(put())
    await asyncio.to_thread(calls.in_fsync.wait)
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    calls.hold_fsync.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    store.close()
    assert _modes(root)[0] == set()


async def test_no_descriptor_stays_open(store: FilesystemBlobStore, root: Path) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield make_bytes(3 * MIB)
        yield make_bytes(3 * MIB)
        raise KeyError

    stored = await store.put(chunked(make_bytes(6 * MIB)))
    before = _open_descriptors(root)
    with pytest.raises(KeyError):
        await store.put(failing())
    async with store.read(stored.key) as chunks:
        await anext(chunks)
    reader = asyncio.create_task(fetch(store, stored.key))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.wait([reader])
    store.close()
    assert _open_descriptors(root) <= before


async def test_truncated_file_is_no_short_answer(store: FilesystemBlobStore, root: Path) -> None:
    stored = await store.put(chunked(make_bytes(6 * MIB)))

    async def read_while_it_shrinks() -> None:
        async with store.read(stored.key) as chunks:
            os.truncate(root / stored.key[:2] / stored.key, MIB)
            async for _ in chunks:
                pass

    with pytest.raises(Unavailable):
        await read_while_it_shrinks()


async def test_many_readers_hold_little_together(root: Path) -> None:
    store, data = FilesystemBlobStore.open(root, read_memory_bytes=2 * MIB), make_bytes(4 * MIB)
    key = (await store.put(chunked(data))).key

    async def first_chunk_bytes() -> int:
        async with store.read(key) as chunks:
            return len(await anext(chunks))

    alone = await first_chunk_bytes()
    tracemalloc.start()
    try:
        async with AsyncExitStack() as opened:
            readers = [await opened.enter_async_context(store.read(key)) for _ in range(40)]
            firsts = [await anext(reader) for reader in readers]
            peak_bytes = tracemalloc.get_traced_memory()[1]
            assert firsts[-1] + b"".join([chunk async for chunk in readers[-1]]) == data
    finally:
        tracemalloc.stop()
    # 64 KiB in hand and as much ahead for each that finds nothing left; by whole chunks it would be 80 MiB.
    assert peak_bytes < 2 * MIB + 40 * 128 * 1024 + MIB
    assert await first_chunk_bytes() == alone
    store.close()


async def test_lists_no_foreign_file(store: FilesystemBlobStore, root: Path) -> None:
    (root / "00" / "notes.txt").write_text("mine")
    (root / "lost+found").mkdir()
    assert await list_all(store) == []


async def test_folder_is_shared_and_outlives_the_process(store: FilesystemBlobStore, root: Path) -> None:
    stored = await store.put(chunked(b"abc"))
    other = FilesystemBlobStore.open(root)
    assert await fetch(other, stored.key) == b"abc"
    other.close()


async def test_puts_spread_over_the_folders(store: FilesystemBlobStore) -> None:
    keys = [store._new_key() for _ in range(256 * 64)]
    shards = [key[:2] for key in keys]
    assert {shards.count(shard) for shard in set(shards)} == {64}


async def test_folder_that_is_gone_is_unavailable(store: FilesystemBlobStore, root: Path) -> None:
    shutil.rmtree(root)
    with pytest.raises(Unavailable):
        await store.put(chunked(b"abc"))
    with pytest.raises(Unavailable):
        await list_all(store)


def _modes(root: Path) -> tuple[set[int], set[int]]:
    """The permissions of all files, and of all folders."""
    paths = [root.parent, root, *root.rglob("*")]
    files, folders = (
        {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file() is wanted} for wanted in (True, False)
    )
    return files, folders


def _open_descriptors(root: Path) -> int:
    """How many descriptors of this process lead into the folder: others may come and go meanwhile."""
    return sum(_leads_into(root, link) for link in Path("/proc/self/fd").iterdir())


def _leads_into(root: Path, link: Path) -> bool:
    try:
        return link.readlink().is_relative_to(root)
    except FileNotFoundError:
        return False


class TestFolderSync:
    def test_those_who_wait_share_the_next_fsync(self, tmp_path: Path) -> None:
        calls = SystemCalls()
        calls.hold_fsync.clear()
        shared = FolderSync(fsync=calls.fsync)
        with ThreadPoolExecutor(9) as threads:
            syncs = [threads.submit(shared.sync, tmp_path)]
            calls.in_fsync.wait()
            syncs += [threads.submit(shared.sync, tmp_path) for _ in range(8)]
            while not _followers(shared, tmp_path, wanted=7):
                threading.Event().wait(0.001)
            calls.hold_fsync.set()
            for sync in syncs:
                sync.result()
        assert calls.synced == ["folder", "folder"]

    def test_all_who_share_a_failure_are_told(self, tmp_path: Path) -> None:
        calls = SystemCalls()
        calls.hold_fsync.clear()
        shared = FolderSync(fsync=calls.fsync)
        with ThreadPoolExecutor(4) as threads:
            syncs = [threads.submit(shared.sync, tmp_path)]
            calls.in_fsync.wait()
            syncs += [threads.submit(shared.sync, tmp_path) for _ in range(3)]
            while not _followers(shared, tmp_path, wanted=2):
                threading.Event().wait(0.001)
            calls.fsync_error = OSError(errno.EIO, "disk gone")
            calls.hold_fsync.set()
            assert [type(sync.exception()) for sync in syncs] == [OSError] * 4
        calls.fsync_error = None
        shared.sync(tmp_path)
        assert calls.synced == ["folder"]


def _followers(shared: FolderSync, folder: Path, *, wanted: int) -> bool:
    """Whether so many threads wait for the result of the round that is gathering."""
    gathering = shared._gathering.get(folder)
    return gathering is not None and len(vars(gathering._condition)["_waiters"]) == wanted
