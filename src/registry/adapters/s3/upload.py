"""One blob on its way into the bucket: gathered into parts, hashed in a thread, sent a few parts at a time."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from registry.adapters.engine_calls import EngineDown
from registry.adapters.s3.budget import ByteBudget
from registry.adapters.s3.connection import S3Bucket
from registry.adapters.s3.direct import SMALL_BYTES
from registry.adapters.s3.errors import UploadGone
from registry.adapters.s3.parts import MAX_OBJECT_BYTES, MIB, Part
from registry.domain.errors import RegistryError, TooLarge, Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

T = TypeVar("T")

_under_way: set[asyncio.Future[Any]] = set()
"""Keeps a strong reference to calls that nobody waits for: the event loop's own are weak."""

_THREAD_FROM_BYTES = 256 * 1024
"""Below this, hashing (0.15 ms) costs less than the way to a thread and back."""
_SETTLE_SECONDS = 10
SLOWEST_BYTES_PER_SECOND = 512 * 1024
COMPLETE_BYTES_PER_SECOND = 50 * MIB
"""S3 joins the parts at once; servers that keep objects as files copy them."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much memory uploads hold: all of a process together, one of them, and the small ones that need not ask.

    One upload holds `upload_bytes` or one part, whichever is more: four parts of 8 MiB on their way, one coming in.
    """

    total_bytes: int = 256 * MIB
    upload_bytes: int = 40 * MIB
    unasked_bytes: int = 256 * 1024
    wait_seconds: float = 30.0


class Upload:
    """Stores one stream under `key` (its name in the bucket). Used once."""

    def __init__(self, bucket: S3Bucket, key: str, *, memory: ByteBudget, limits: UploadLimits) -> None:
        self._bucket = bucket
        self._key = key
        self._memory = memory
        self._limits = limits
        self._own_memory = ByteBudget(limits.upload_bytes)
        self._held_bytes = 0
        self._whole = hashlib.sha256()
        self._hashing = asyncio.Lock()
        self._size = 0
        self._id: str | None = None
        self._may_be_stored = False
        self._sent: list[CompletedPartTypeDef] = []

    async def store(self, source: AsyncIterator[bytes]) -> tuple[int, str]:
        """Send everything; its size and hex SHA-256. When this raises, the bucket holds nothing of it."""
        try:
            await self._store(source)
        except BaseException:
            # The cause is what the caller has to hear of; what cannot be removed now, the sweep or a lifecycle rule
            # removes.
            with suppress(RegistryError, ClientError):
                await to_the_end(take_back(self._bucket, self._key, self._id, may_be_stored=self._may_be_stored))
            raise
        finally:
            # Not by the parts' tasks: one that is cancelled before its first step runs no line of its own.
            self._memory.release(self._held_bytes)
        return self._size, self._whole.hexdigest()

    async def _store(self, source: AsyncIterator[bytes]) -> None:
        try:
            async with asyncio.TaskGroup() as sending:
                last = await self._gather(source, sending)
                if last.number > 1:
                    sending.create_task(self._send(last))
        except BaseExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__
        if last.number == 1:
            await self._put(last)
        else:
            await to_the_end(self._complete())

    async def _gather(self, source: AsyncIterator[bytes], sending: asyncio.TaskGroup) -> Part:
        """Send every part but the last, which is returned."""
        part = Part(1)
        async for chunk in source:
            rest = memoryview(chunk)
            while rest:
                if part.is_full:
                    if self._id is None:
                        await to_the_end(self._begin())
                    sending.create_task(self._send(part))
                    part = Part(part.number + 1)
                await self._reserve(part, len(rest))
                taken = part.take(rest)
                rest = rest[taken:]
                self._size += taken
            if self._size > MAX_OBJECT_BYTES:
                raise TooLarge("The package store takes files of at most 5 TiB.")
        return part

    async def _reserve(self, part: Part, coming_bytes: int) -> None:
        """Make sure that the part's memory is accounted for before it is filled."""
        if part.reserved or (part.number == 1 and part.size + coming_bytes <= self._limits.unasked_bytes):
            return
        if part.capacity > self._memory.capacity:
            raise TooLarge(
                "The file is too long for one stream with the memory that uploads may use; send it in parts."
            )
        await self._own_memory.acquire(min(part.capacity, self._own_memory.capacity))
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await self._memory.acquire(part.capacity)
        except TimeoutError:
            raise Unavailable("Too many uploads are under way; try again.", retry_after_seconds=5) from None
        part.reserved = True
        self._held_bytes += part.capacity

    def _release(self, part: Part) -> None:
        part.drop()
        self._own_memory.release(min(part.capacity, self._own_memory.capacity))
        self._held_bytes -= part.capacity
        self._memory.release(part.capacity)

    async def _digest(self, part: Part) -> str:
        # The lock hands out turns in the order of asking, and parts ask in their own order.
        async with self._hashing:
            if part.size < _THREAD_FROM_BYTES:
                return part.digest(self._whole)
            return await asyncio.to_thread(part.digest, self._whole)

    async def _put(self, part: Part) -> None:
        digest = await self._digest(part)
        objects = self._bucket.objects if part.size <= SMALL_BYTES else self._bucket.large_objects
        self._may_be_stored = True
        call = self._bucket.call(
            "PutObject",
            lambda: objects.put_object(self._key, part.body(), checksum=digest),
            extra_seconds=part.size / SLOWEST_BYTES_PER_SECOND,
        )
        await to_the_end(call)
        part.drop()

    async def _begin(self) -> None:
        self._id = await begin_upload(self._bucket, self._key, ChecksumAlgorithm="SHA256")

    async def _send(self, part: Part) -> None:
        digest = await self._digest(part)
        answer = await self._bucket.call(
            "UploadPart",
            lambda: self._bucket.client.upload_part(
                Bucket=self._bucket.name,
                Key=self._key,
                UploadId=self._id or "",
                PartNumber=part.number,
                Body=part.body(),
                ChecksumSHA256=digest,
            ),
            extra_seconds=part.size / SLOWEST_BYTES_PER_SECOND,
        )
        self._sent.append({"PartNumber": part.number, "ETag": answer["ETag"], "ChecksumSHA256": digest})
        self._release(part)

    async def _complete(self) -> None:
        self._may_be_stored = True
        parts = sorted(self._sent, key=lambda part: part["PartNumber"])
        try:
            await self._bucket.call(
                "CompleteMultipartUpload",
                lambda: self._bucket.client.complete_multipart_upload(
                    Bucket=self._bucket.name, Key=self._key, UploadId=self._id or "", MultipartUpload={"Parts": parts}
                ),
                extra_seconds=self._size / COMPLETE_BYTES_PER_SECOND,
            )
        except UploadGone:
            # A try whose answer was lost may have completed it.
            if await stored_bytes(self._bucket, self._key) != self._size:
                raise


async def begin_upload(bucket: S3Bucket, key: str, **how: Any) -> str:
    """Begin a multipart upload; its id. `how` are further members of the call."""
    answer = await bucket.call(
        "CreateMultipartUpload",
        lambda: bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key, **how),
    )
    if not answer.get("UploadId"):
        raise EngineDown("The package store's answer is not S3's.")
    return answer["UploadId"]


async def stored_bytes(bucket: S3Bucket, key: str) -> int:
    """The size of an object. Raises NotFound."""
    answer = await bucket.call("HeadObject", lambda: bucket.objects.head_object(key))
    return answer["ContentLength"]


async def take_back(bucket: S3Bucket, key: str, upload_id: str | None, *, may_be_stored: bool) -> None:
    """Remove what the bucket may hold of an upload."""
    if upload_id is not None:
        with suppress(UploadGone):
            await abort_upload(bucket, key, upload_id)
    if may_be_stored:
        await bucket.call("DeleteObject", lambda: bucket.objects.delete_object(key), insist=True)


async def abort_upload(bucket: S3Bucket, key: str, upload_id: str) -> None:
    """End a multipart upload and drop its parts. Raises UploadGone when there is none."""
    await bucket.call(
        "AbortMultipartUpload",
        lambda: bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=upload_id),
        insist=True,
    )


async def to_the_end(call: Coroutine[Any, Any, T]) -> T:
    """The result of `call`, which is not interrupted when the caller is cancelled: that waits until it has ended.

    For calls after which one has to know what the bucket holds. A second cancellation ends the waiting, not the call.
    """
    task = asyncio.ensure_future(call)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_SETTLE_SECONDS)
        raise
