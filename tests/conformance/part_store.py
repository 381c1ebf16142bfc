"""What every `PartStore` does. A harness subclasses `PartStoreContract` and gives the fixture `stores`, empty ones.

`part_bytes` is the least that the store takes as a part that is not the last.
"""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from registry.domain.errors import DigestMismatch, NotFound, UploadIncomplete
from registry.ports.blobs import BlobStore, StoredBlob
from registry.ports.parts import PartStore, StoredPart
from tests.conformance.blob_store import MIB, SourceFailed, chunked, endless, fetch, list_all, make_bytes


@dataclass(frozen=True, slots=True)
class PartStores:
    parts: PartStore
    blobs: BlobStore


class PartStoreContract:
    part_bytes: ClassVar[int] = 100_000
    memory_bound_bytes: ClassVar[int] = 40 * MIB

    @pytest.fixture
    def data(self) -> bytes:
        return make_bytes(3 * self.part_bytes + 17)

    def cut(self, data: bytes, number: int) -> bytes:
        return data[(number - 1) * self.part_bytes : number * self.part_bytes]

    async def put(self, store: PartStore, key: str, number: int, part: bytes) -> StoredPart:
        offset = (number - 1) * self.part_bytes
        return await store.put_part(key, number, chunked(part), offset=offset, size=len(part))

    async def put_all(self, store: PartStore, key: str, data: bytes, numbers: Sequence[int] = (1, 2, 3, 4)) -> None:
        await asyncio.gather(*(self.put(store, key, number, self.cut(data, number)) for number in numbers))

    async def finished(self, store: PartStore, key: str) -> StoredBlob:
        async with store.complete(key, await store.list_parts(key)) as blob:
            await store.finish(key)
        return blob

    @pytest.mark.parametrize("numbers", [(1, 2, 3, 4), (4, 2, 1, 3)])
    async def test_parts_become_a_blob(self, stores: PartStores, data: bytes, numbers: tuple[int, ...]) -> None:
        key = await stores.parts.begin()
        for number in numbers:
            part = await self.put(stores.parts, key, number, self.cut(data, number))
            assert (part.number, part.size) == (number, len(self.cut(data, number)))
        blob = await self.finished(stores.parts, key)
        assert (blob.size, blob.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert await fetch(stores.blobs, blob.key) == data
        assert [info.key for info in await list_all(stores.blobs)] == [blob.key]
        await stores.blobs.delete(blob.key)
        assert await list_all(stores.blobs) == []

    async def test_lists_the_parts_that_are_there(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        assert list(await stores.parts.list_parts(key)) == []
        put = [await self.put(stores.parts, key, number, self.cut(data, number)) for number in (3, 1)]
        assert list(await stores.parts.list_parts(key)) == put[::-1]

    async def test_part_sent_again_replaces(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put(stores.parts, key, 2, bytes(self.part_bytes))
        before = await stores.parts.list_parts(key)
        await self.put_all(stores.parts, key, data)
        assert before[0] not in await stores.parts.list_parts(key)
        assert (await self.finished(stores.parts, key)).sha256 == hashlib.sha256(data).hexdigest()

    @pytest.mark.parametrize("more", [-1, 1])
    async def test_part_of_another_length_is_not_there(self, stores: PartStores, more: int) -> None:
        key = await stores.parts.begin()
        part = bytes(self.part_bytes + more)
        with pytest.raises(DigestMismatch):
            await stores.parts.put_part(key, 1, chunked(part), offset=0, size=self.part_bytes)
        assert list(await stores.parts.list_parts(key)) == []

    async def test_failing_and_cancelled_parts_are_not_there(self, stores: PartStores, data: bytes) -> None:
        async def failing() -> AsyncIterator[bytes]:
            yield self.cut(data, 1)[:1000]
            raise SourceFailed

        key = await stores.parts.begin()
        with pytest.raises(SourceFailed):
            await stores.parts.put_part(key, 1, failing(), offset=0, size=self.part_bytes)
        sent = asyncio.Event()
        source = endless(data[:1000], sent=sent)
        task = asyncio.create_task(_put(stores.parts, key, source, self.part_bytes))
        await sent.wait()
        task.cancel()
        await asyncio.wait([task])
        assert list(await stores.parts.list_parts(key)) == []
        await self.put_all(stores.parts, key, data)
        assert (await self.finished(stores.parts, key)).sha256 == hashlib.sha256(data).hexdigest()

    async def test_parts_that_changed_meanwhile_are_told(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data)
        seen = await stores.parts.list_parts(key)
        await self.put(stores.parts, key, 2, bytes(self.part_bytes))
        with pytest.raises(UploadIncomplete) as told:
            await stores.parts.complete(key, seen).__aenter__()
        assert told.value.numbers == (2,)
        await self.put(stores.parts, key, 2, self.cut(data, 2))
        assert (await self.finished(stores.parts, key)).sha256 == hashlib.sha256(data).hexdigest()

    async def test_completing_may_be_repeated(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data)
        parts = await stores.parts.list_parts(key)
        async with stores.parts.complete(key, parts) as first:
            pass  # as after a crash before the package's record was written
        async with stores.parts.complete(key, parts) as second:
            pass
        assert first == second

    async def test_reopened_takes_parts_again(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data)
        await self.put(stores.parts, key, 3, bytes(self.part_bytes))
        async with stores.parts.complete(key, await stores.parts.list_parts(key)) as wrong:
            assert wrong.sha256 != hashlib.sha256(data).hexdigest()
            reopened = await stores.parts.reopen(key, wrong)
        if reopened != key:
            await stores.parts.abort(key)
        assert [part.number for part in await stores.parts.list_parts(reopened)] == [1, 2, 3, 4]
        await self.put(stores.parts, reopened, 3, self.cut(data, 3))
        blob = await self.finished(stores.parts, reopened)
        assert await fetch(stores.blobs, blob.key) == data
        assert len(await list_all(stores.blobs)) == 1

    async def test_aborted_leaves_nothing(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data, (1, 3))
        await stores.parts.abort(key)
        await stores.parts.abort(key)
        assert await list_all(stores.blobs) == []
        with pytest.raises(NotFound):
            await stores.parts.list_parts(key)
        with pytest.raises(NotFound):
            await self.put(stores.parts, key, 1, self.cut(data, 1))

    async def test_unfinished_is_listed_and_deleted_as_a_blob_is(self, stores: PartStores, data: bytes) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data, (1, 2))
        assert [info.key for info in await list_all(stores.blobs)] == [key]
        await stores.blobs.delete(key)
        assert await list_all(stores.blobs) == []
        with pytest.raises(NotFound):
            await stores.parts.list_parts(key)

    async def test_presigned_url_is_a_url_if_any(self, stores: PartStores) -> None:
        key = await stores.parts.begin()
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        url = await stores.parts.presign_part(key, 1, size=self.part_bytes, expires_at=expires_at)
        assert url is None or url.startswith(("http://", "https://"))

    @pytest.mark.performance
    async def test_memory_does_not_depend_on_size(self, stores: PartStores) -> None:
        size = 48 * MIB
        key = await stores.parts.begin()
        tracemalloc.start()
        try:
            part = await stores.parts.put_part(key, 1, _zeros(size), offset=0, size=size)
            async with stores.parts.complete(key, [part]) as blob:
                assert blob.size == size
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak_bytes < self.memory_bound_bytes


async def _put(store: PartStore, key: str, source: AsyncIterator[bytes], size: int) -> None:
    await store.put_part(key, 1, source, offset=0, size=size)


async def _zeros(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // (64 * 1024)):
        yield bytes(64 * 1024)
