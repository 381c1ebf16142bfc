"""What is in the bucket after uploads that succeed, fail and are cancelled, and what they cost."""

import asyncio
import hashlib
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from registry.adapters.s3 import S3BlobStore, S3Bucket, UploadLimits
from registry.domain.errors import TooLarge, Unavailable

MIB = 1024 * 1024
PART = 8 * MIB


@pytest.fixture
def direct() -> bool:
    """These tests reach into calls by botocore's events. `test_direct.py` is about direct ones."""
    return False


async def zeros(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield bytes(min(MIB, size))
        size -= MIB


async def left_behind(bucket: S3Bucket) -> list[str]:
    objects = await bucket.client.list_objects_v2(Bucket=bucket.name)
    uploads = await bucket.client.list_multipart_uploads(Bucket=bucket.name)
    return [entry["Key"] for entry in [*objects.get("Contents", []), *uploads.get("Uploads", [])]]


async def put(store: S3BlobStore, size: int) -> None:
    await store.put(zeros(size))


def on_event(bucket: S3Bucket, event: str, handler: Callable[..., Any]) -> None:
    """Have `handler` called whenever the client comes to `event` (botocore's name for it)."""
    bucket.client.meta.events.register(event, handler)


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        ("PutObject", 100),
        ("PutObject", PART),
        ("CreateMultipartUpload", PART + 1),
        ("UploadPart", 3 * PART),
        ("CompleteMultipartUpload", PART + 1),
    ],
)
async def test_cancelled_in_any_call_leaves_nothing(bucket: S3Bucket, operation: str, size: int) -> None:
    reached = asyncio.Event()
    on_event(bucket, f"before-send.s3.{operation}", lambda **_: reached.set())
    task = asyncio.create_task(put(S3BlobStore(bucket), size))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_behind(bucket) == []


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        ("PutObject", 100),
        ("CreateMultipartUpload", PART + 1),
        ("UploadPart", 3 * PART),
        ("CompleteMultipartUpload", PART + 1),
    ],
)
async def test_failing_engine_leaves_nothing(bucket: S3Bucket, operation: str, size: int) -> None:
    def fail(**_: object) -> None:
        raise ConnectionClosedError(endpoint_url="the test's")

    on_event(bucket, f"before-send.s3.{operation}", fail)
    with pytest.raises(Unavailable):
        await put(S3BlobStore(bucket), size)
    assert await left_behind(bucket) == []


@pytest.mark.parametrize(
    ("operation", "size"), [("PutObject", 100), ("UploadPart", PART + 1), ("CompleteMultipartUpload", PART + 1)]
)
async def test_lost_answer_costs_another_try_only(bucket: S3Bucket, operation: str, size: int) -> None:
    lost: list[str] = []

    def lose_once(**_: object) -> None:
        if not lost:
            lost.append(operation)
            raise ConnectionClosedError(endpoint_url="the test's")

    on_event(bucket, f"response-received.s3.{operation}", lose_once)
    store = S3BlobStore(bucket)
    stored = await store.put(zeros(size))
    assert lost == [operation]
    async with store.read(stored.key) as chunks:
        digest = hashlib.sha256(b"".join([chunk async for chunk in chunks])).hexdigest()
    assert digest == stored.sha256 == hashlib.sha256(bytes(size)).hexdigest()


async def test_abandoned_upload_is_listed_and_deleted(bucket: S3Bucket) -> None:
    store = S3BlobStore(bucket)
    key = "blobs/" + "a" * 32
    upload = await bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    await bucket.client.upload_part(
        Bucket=bucket.name, Key=key, UploadId=upload["UploadId"], PartNumber=1, Body=b"12345"
    )
    [info] = [info async for info in store.list_blobs()]
    assert info.size == 5
    await store.delete(info.key)
    await store.delete(info.key)
    assert await left_behind(bucket) == []


@pytest.mark.performance
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, {"PutObject": 1}),
        (PART, {"PutObject": 1}),
        (PART + 1, {"CreateMultipartUpload": 1, "UploadPart": 2, "CompleteMultipartUpload": 1}),
        (4 * PART, {"CreateMultipartUpload": 1, "UploadPart": 4, "CompleteMultipartUpload": 1}),
    ],
)
async def test_calls_of_an_upload(bucket: S3Bucket, calls: Counter[str], size: int, expected: dict[str, int]) -> None:
    await put(S3BlobStore(bucket), size)
    assert calls == expected


@pytest.mark.performance
async def test_calls_of_the_other_operations(bucket: S3Bucket, calls: Counter[str]) -> None:
    store = S3BlobStore(bucket)
    stored = await store.put(zeros(2 * MIB))
    calls.clear()
    async with store.read(stored.key, offset=5) as chunks:
        assert sum([len(chunk) async for chunk in chunks]) == 2 * MIB - 5
    await store.presign_download(stored.key, filename="a.zip", media_type="application/zip")
    await store.delete(stored.key)
    await store.ping()
    assert calls == {"GetObject": 1, "DeleteObject": 1, "HeadBucket": 1}


@pytest.mark.performance
async def test_memory_of_many_uploads_is_bounded(bucket: S3Bucket) -> None:
    """Twenty uploads of two parts through four parts of memory, and all come to their end."""
    limits = UploadLimits(total_bytes=4 * PART)
    store = S3BlobStore(bucket, limits=limits)
    tracemalloc.start()
    try:
        stored = await asyncio.gather(*(store.put(zeros(PART + 1)) for _ in range(20)))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {blob.sha256 for blob in stored} == {hashlib.sha256(bytes(PART + 1)).hexdigest()}
    # The parts, a chunk of each source, and what each connection holds of the part that it sends.
    assert peak_bytes < limits.total_bytes + 32 * MIB


async def test_small_uploads_do_not_wait_for_memory(bucket: S3Bucket) -> None:
    store = S3BlobStore(bucket, limits=UploadLimits(total_bytes=PART))
    holding = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield bytes(MIB)
        holding.set()
        await asyncio.Event().wait()

    async def hold() -> None:
        await store.put(stalled())

    task = asyncio.create_task(hold())
    await holding.wait()
    assert (await store.put(zeros(256 * 1024))).size == 256 * 1024
    task.cancel()
    await asyncio.wait([task])
    assert (await store.put(zeros(MIB))).size == MIB


async def test_upload_that_gets_no_memory_is_told_to_come_back(bucket: S3Bucket) -> None:
    store = S3BlobStore(bucket, limits=UploadLimits(total_bytes=PART, wait_seconds=0.01))
    holding = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield bytes(MIB)
        holding.set()
        await asyncio.Event().wait()

    async def hold() -> None:
        await store.put(stalled())

    task = asyncio.create_task(hold())
    await holding.wait()
    with pytest.raises(Unavailable, match="under way"):
        await store.put(zeros(MIB))
    task.cancel()
    await asyncio.wait([task])


async def test_part_that_memory_cannot_hold_is_refused(bucket: S3Bucket) -> None:
    store = S3BlobStore(bucket, limits=UploadLimits(total_bytes=PART - 1))
    with pytest.raises(TooLarge):
        await store.put(zeros(MIB))
    assert await left_behind(bucket) == []
