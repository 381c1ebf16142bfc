"""What every `BlobStore` must do. A harness subclasses `BlobStoreContract` and gives the fixture `store`, empty."""

import asyncio
import hashlib
import random
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from registry.domain.errors import NotFound
from registry.ports.blobs import CHUNK_BYTES, BlobInfo, BlobStore

MIB = 1024 * 1024
SIZE = 3 * CHUNK_BYTES + 17


class SourceFailed(Exception):
    """What the client's side raises in these tests."""


def make_bytes(size: int, *, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 (test data)


async def chunked(data: bytes, *, chunk_bytes: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), chunk_bytes):
        yield data[start : start + chunk_bytes]


async def endless(data: bytes, *, sent: asyncio.Event) -> AsyncIterator[bytes]:
    """Yields `data`, then waits for ever, as a client does whose line is dead."""
    yield data
    sent.set()
    await asyncio.Event().wait()


async def fetch(store: BlobStore, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
    found = []
    async with store.read(key, offset=offset, length=length) as chunks:
        async for chunk in chunks:
            assert 0 < len(chunk) <= CHUNK_BYTES
            found.append(chunk)
    return b"".join(found)


async def list_all(store: BlobStore) -> list[BlobInfo]:
    return [info async for info in store.list_blobs()]


class BlobStoreContract:
    memory_bound_bytes: ClassVar[int] = 40 * MIB
    copies_ranges: ClassVar[bool] = False

    @pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, SIZE])
    @pytest.mark.parametrize("chunk_bytes", [7919, 64 * 1024, CHUNK_BYTES, 5 * CHUNK_BYTES])
    async def test_gives_back_what_it_took(self, store: BlobStore, size: int, chunk_bytes: int) -> None:
        data = make_bytes(size)
        stored = await store.put(chunked(data, chunk_bytes=chunk_bytes))
        assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
        assert await fetch(store, stored.key) == data

    async def test_lists_what_is_new(self, store: BlobStore) -> None:
        key, hour = (await store.put(chunked(b"new"))).key, timedelta(hours=1)
        now = datetime.now(UTC)
        assert key in [info.key async for info in store.list_blobs(since=now - hour)]
        assert key not in [info.key async for info in store.list_blobs(since=now + hour)]

    async def test_empty_chunks_mean_nothing(self, store: BlobStore) -> None:
        async def source() -> AsyncIterator[bytes]:
            for chunk in (b"", b"ab", b"", b"c", b""):
                yield chunk

        stored = await store.put(source())
        assert await fetch(store, stored.key) == b"abc"

    @pytest.mark.parametrize(("offset", "length"), [(0, 20 * MIB + 1), (MIB + 3, 18 * MIB), (12 * MIB, 8 * MIB + 1)])
    async def test_a_range_becomes_a_blob(self, store: BlobStore, offset: int, length: int) -> None:
        data = make_bytes(20 * MIB + 1)
        stored = await store.put(chunked(data))
        copied = await store.copy_range(stored.key, offset=offset, length=length)
        assert (copied is not None) is self.copies_ranges
        if copied is None:
            return
        assert await fetch(store, copied) == data[offset : offset + length]
        await store.delete(stored.key)
        assert await fetch(store, copied, offset=length - 5) == data[offset + length - 5 : offset + length]

    async def test_small_ranges_are_not_copied(self, store: BlobStore) -> None:
        stored = await store.put(chunked(make_bytes(100)))
        assert await store.copy_range(stored.key, offset=1, length=98) is None

    async def test_large_blob_in_several_parts(self, store: BlobStore) -> None:
        data = make_bytes(20 * MIB + 1)
        stored = await store.put(chunked(data))
        assert stored.sha256 == hashlib.sha256(data).hexdigest()
        assert hashlib.sha256(await fetch(store, stored.key)).hexdigest() == stored.sha256

    @pytest.mark.parametrize(
        ("offset", "length"),
        [
            (0, 0),
            (0, 1),
            (0, CHUNK_BYTES),
            (0, CHUNK_BYTES + 1),
            (0, SIZE),
            (1, None),
            (CHUNK_BYTES - 1, 2),
            (CHUNK_BYTES, None),
            (5, 2 * CHUNK_BYTES),
            (SIZE - 1, 1),
            (SIZE - 1, None),
            (SIZE - 3, 100),
            (SIZE, 0),
            (SIZE, None),
        ],
    )
    async def test_reads_a_part(self, store: BlobStore, offset: int, length: int | None) -> None:
        data = make_bytes(SIZE)
        stored = await store.put(chunked(data))
        end = SIZE if length is None else offset + length
        assert await fetch(store, stored.key, offset=offset, length=length) == data[offset:end]

    async def test_empty_blob_in_all_parts(self, store: BlobStore) -> None:
        stored = await store.put(chunked(b""))
        for length in (None, 0, 10):
            assert await fetch(store, stored.key, length=length) == b""

    async def test_same_bytes_twice_are_two_blobs(self, store: BlobStore) -> None:
        first, second = [await store.put(chunked(b"same")) for _ in range(2)]
        await store.delete(first.key)
        assert await fetch(store, second.key) == b"same"

    @pytest.mark.parametrize("key", ["", "nope", "../secrets", "/etc/passwd", "0" * 32, "f" * 3000, "a\0b", "ключ"])
    async def test_unknown_key_is_told_before_the_first_byte(self, store: BlobStore, key: str) -> None:
        with pytest.raises(NotFound):
            await store.read(key).__aenter__()
        await store.delete(key)

    async def test_deleted_blob_is_gone(self, store: BlobStore) -> None:
        kept, removed = await store.put(chunked(b"kept")), await store.put(chunked(b"removed"))
        await store.delete(removed.key)
        await store.delete(removed.key)
        with pytest.raises(NotFound):
            await fetch(store, removed.key)
        assert [info.key for info in await list_all(store)] == [kept.key]

    async def test_reader_that_has_begun_finishes_after_delete(self, store: BlobStore) -> None:
        data = make_bytes(SIZE)
        stored = await store.put(chunked(data))
        async with store.read(stored.key) as chunks:
            found = await anext(chunks)
            await store.delete(stored.key)
            async for chunk in chunks:
                found += chunk
        assert found == data

    async def test_reader_may_leave_early(self, store: BlobStore) -> None:
        data = make_bytes(SIZE)
        stored = await store.put(chunked(data))
        async with store.read(stored.key) as chunks:
            first = await anext(chunks)
        async with store.read(stored.key):
            pass
        assert data.startswith(first)
        assert await fetch(store, stored.key) == data

    @pytest.mark.parametrize("sent_bytes", [0, 1, CHUNK_BYTES + 1, 9 * MIB])
    async def test_failing_source_leaves_nothing(self, store: BlobStore, sent_bytes: int) -> None:
        async def source() -> AsyncIterator[bytes]:
            async for chunk in chunked(make_bytes(sent_bytes)):
                yield chunk
            raise SourceFailed

        with pytest.raises(SourceFailed):
            await store.put(source())
        assert await list_all(store) == []

    async def test_operating_system_error_of_the_source_passes(self, store: BlobStore) -> None:
        async def source() -> AsyncIterator[bytes]:
            yield b"abc"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await store.put(source())
        assert await list_all(store) == []

    @pytest.mark.parametrize("sent_bytes", [1, 2 * CHUNK_BYTES + 1, 9 * MIB])
    async def test_cancelled_put_leaves_nothing(self, store: BlobStore, sent_bytes: int) -> None:
        sent = asyncio.Event()
        task = asyncio.create_task(_put(store, endless(make_bytes(sent_bytes), sent=sent)))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await list_all(store) == []

    async def test_lists_blobs_with_size_and_time(self, store: BlobStore) -> None:
        expected = {}
        for size in (0, 5, CHUNK_BYTES + 1):
            stored = await store.put(chunked(make_bytes(size)))
            expected[stored.key] = size
        listed = await list_all(store)
        assert {info.key: info.size for info in listed} == expected
        assert len(listed) == len(expected)
        for info in listed:
            assert info.modified_at.utcoffset() == timedelta(0)
            assert abs(datetime.now(UTC) - info.modified_at) < timedelta(hours=1)

    async def test_lists_unfinished_blobs(self, store: BlobStore) -> None:
        sent = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            async for chunk in chunked(make_bytes(17 * MIB), chunk_bytes=CHUNK_BYTES):
                yield chunk
            sent.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(_put(store, source()))
        await sent.wait()
        async with asyncio.timeout(30):
            while not (listed := [info for info in await list_all(store) if info.size]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(listed) == 1
        task.cancel()
        await asyncio.wait([task])
        assert await list_all(store) == []

    async def test_puts_side_by_side(self, store: BlobStore) -> None:
        bodies = [make_bytes(1000 * number, seed=number) for number in range(20)]
        stored = await asyncio.gather(*(store.put(chunked(body)) for body in bodies))
        assert len({blob.key for blob in stored}) == len(bodies)
        assert await asyncio.gather(*(fetch(store, blob.key) for blob in stored)) == bodies

    async def test_readers_side_by_side(self, store: BlobStore) -> None:
        data = make_bytes(SIZE)
        stored = await store.put(chunked(data))
        offsets = range(0, SIZE, SIZE // 10)
        found = await asyncio.gather(*(fetch(store, stored.key, offset=offset) for offset in offsets))
        assert found == [data[offset:] for offset in offsets]

    async def test_presigned_url_is_a_url_if_any(self, store: BlobStore) -> None:
        stored = await store.put(chunked(b"abc"))
        url = await store.presign_download(stored.key, filename='a "b".zip', media_type="application/zip")
        assert url is None or url.startswith(("http://", "https://"))

    @pytest.mark.performance
    async def test_memory_does_not_depend_on_size(self, store: BlobStore) -> None:
        size = 64 * MIB
        tracemalloc.start()
        try:
            stored = await store.put(_zeros(size))
            async with store.read(stored.key) as chunks:
                read_bytes = sum([len(chunk) async for chunk in chunks])
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert read_bytes == size
        assert peak_bytes < self.memory_bound_bytes


async def _put(store: BlobStore, source: AsyncIterator[bytes]) -> None:
    await store.put(source)


async def _zeros(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // (64 * 1024)):
        yield bytes(64 * 1024)
