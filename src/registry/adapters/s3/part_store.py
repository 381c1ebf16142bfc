"""Uploads in parts as S3's own multipart uploads: the bucket knows which parts it has."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import IO, Any

from botocore.exceptions import ClientError

from registry.adapters.s3.blobs import PREFIX, UNFINISHED, S3BlobStore
from registry.adapters.s3.connection import S3Bucket
from registry.adapters.s3.errors import UploadGone, error_code
from registry.adapters.s3.object_keys import new_key
from registry.adapters.s3.upload import (
    COMPLETE_BYTES_PER_SECOND,
    SLOWEST_BYTES_PER_SECOND,
    abort_upload,
    begin_upload,
    to_the_end,
)
from registry.domain.errors import DigestMismatch, NotFound, RegistryError, UploadIncomplete
from registry.ports.blobs import StoredBlob
from registry.ports.parts import StoredPart

_IN_MEMORY_BYTES = 8 * 1024 * 1024
_BAD_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


class S3PartStore:
    """`PartStore` in the bucket of an `S3BlobStore`. A key is that of the blob to be and the multipart upload's id.

    `direct`: clients reach the bucket themselves, so parts get signed URLs.
    """

    def __init__(self, bucket: S3Bucket, blobs: S3BlobStore, *, direct: bool = True) -> None:
        self._bucket = bucket
        self._blobs = blobs
        self._direct = direct

    async def begin(self) -> str:
        blob = new_key()
        return f"{blob}~{await to_the_end(begin_upload(self._bucket, PREFIX + blob))}"

    async def put_part(
        self,
        key: str,
        number: int,
        source: AsyncIterator[bytes],
        *,
        offset: int,  # noqa: ARG002  (S3 knows parts by number)
        size: int,
    ) -> StoredPart:
        blob, upload_id = _split(key)
        # Beyond the usual length of a part it goes through a file, so that memory stays bounded.
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
            received = 0
            async for chunk in source:
                received += len(chunk)
                if received > size:
                    break
                await asyncio.to_thread(body.write, chunk)
            if received != size:
                raise DigestMismatch(f"the part has another length than {size} bytes; send it again", pointer="/size")
            try:
                answer = await self._bucket.call(
                    "UploadPart",
                    lambda: self._bucket.client.upload_part(
                        Bucket=self._bucket.name,
                        Key=PREFIX + blob,
                        UploadId=upload_id,
                        PartNumber=number,
                        Body=_from_start(body),
                        ContentLength=size,
                    ),
                    extra_seconds=size / SLOWEST_BYTES_PER_SECOND,
                )
            except UploadGone:
                raise _gone() from None
        return StoredPart(number, size, answer["ETag"].strip('"'))

    async def list_parts(self, key: str) -> Sequence[StoredPart]:
        blob, upload_id = _split(key)
        parts: list[StoredPart] = []
        marker = 0
        while True:
            try:
                page = await self._bucket.call(
                    "ListParts",
                    lambda after=marker: self._bucket.client.list_parts(  # type: ignore[misc]
                        Bucket=self._bucket.name, Key=PREFIX + blob, UploadId=upload_id, PartNumberMarker=after
                    ),
                )
            except UploadGone:
                return await self._joined_parts(blob)
            found = page.get("Parts", [])
            parts += [StoredPart(part["PartNumber"], part["Size"], part["ETag"].strip('"')) for part in found]
            if not page["IsTruncated"]:
                return parts
            marker = page["NextPartNumberMarker"]

    async def _joined_parts(self, blob: str) -> list[StoredPart]:
        """The parts of a blob that was joined already, when the process died before its record was written."""
        first = await self._head(blob, 1)
        size, count = first["ContentLength"], first.get("PartsCount", 1)
        whole = (await self._head(blob, None))["ContentLength"]
        sizes = [size] * (count - 1) + [whole - size * (count - 1)]
        return [StoredPart(number, length, "") for number, length in enumerate(sizes, start=1)]

    async def _head(self, blob: str, part: int | None) -> Any:
        which: dict[str, Any] = {} if part is None else {"PartNumber": part}
        try:
            return await self._bucket.call(
                "HeadObject",
                lambda: self._bucket.client.head_object(Bucket=self._bucket.name, Key=PREFIX + blob, **which),
            )
        except NotFound:
            raise _gone() from None

    async def presign_part(self, key: str, number: int, *, size: int, expires_at: datetime) -> str | None:
        if not self._direct:
            return None
        blob, upload_id = _split(key)
        seconds = int((expires_at - datetime.now(UTC)).total_seconds())
        url: str = await self._bucket.presigner.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._bucket.name,
                "Key": PREFIX + blob,
                "UploadId": upload_id,
                "PartNumber": number,
                "ContentLength": size,  # signed with the rest, so that nobody sends more than was announced
            },
            ExpiresIn=max(seconds, 1),
        )
        return url

    @asynccontextmanager
    async def complete(self, key: str, parts: Sequence[StoredPart]) -> AsyncIterator[StoredBlob]:
        """Two may be in this context for the same bytes: an object does not change, and one record wins."""
        blob, upload_id = _split(key)
        await to_the_end(self._join(blob, upload_id, parts))
        digest, size = hashlib.sha256(), 0
        async with self._blobs.read(blob) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                await asyncio.to_thread(digest.update, chunk)
        yield StoredBlob(blob, size, digest.hexdigest())

    async def _join(self, blob: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        if not parts:  # S3 joins no less than one part; an upload of nothing is an empty object
            await self._bucket.call(
                "PutObject",
                lambda: self._bucket.client.put_object(Bucket=self._bucket.name, Key=PREFIX + blob, Body=b""),
            )
            return
        try:
            await self._bucket.call(
                "CompleteMultipartUpload",
                lambda: self._bucket.client.complete_multipart_upload(
                    Bucket=self._bucket.name,
                    Key=PREFIX + blob,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]},
                ),
                extra_seconds=sum(part.size for part in parts) / COMPLETE_BYTES_PER_SECOND,
            )
        except UploadGone:
            # Joined before, by a try whose answer was lost or by a process that died: then the object is there.
            await self._head(blob, None)
        except ClientError as error:
            if error_code(error) not in _BAD_PARTS:
                raise
            found = {part.number: part for part in await self.list_parts(f"{blob}~{upload_id}")}
            missing = [part.number for part in parts if found.get(part.number) != part]
            raise UploadIncomplete(missing or [part.number for part in parts], of=len(parts)) from None

    async def reopen(self, key: str, blob: StoredBlob) -> str:
        """S3 cannot take a joined upload apart, so its parts are copied, within the bucket, into another one."""
        old, _ = _split(key)
        parts = await self._joined_parts(old)
        fresh = await self.begin()
        try:
            await self._copy(old, parts if blob.size else (), fresh)
        except BaseException:
            with suppress(RegistryError, ClientError):  # the cause is what the caller has to hear of
                await to_the_end(self.abort(fresh))
            raise
        return fresh

    async def _copy(self, old: str, parts: Sequence[StoredPart], fresh: str) -> None:
        new, upload_id = _split(fresh)
        begin = 0
        for part in parts:
            span = f"bytes={begin}-{begin + part.size - 1}"
            begin += part.size
            await self._bucket.call(
                "UploadPartCopy",
                lambda part=part, span=span: self._bucket.client.upload_part_copy(  # type: ignore[misc]
                    Bucket=self._bucket.name,
                    Key=PREFIX + new,
                    UploadId=upload_id,
                    PartNumber=part.number,
                    CopySource={"Bucket": self._bucket.name, "Key": PREFIX + old},
                    CopySourceRange=span,
                ),
                extra_seconds=part.size / COMPLETE_BYTES_PER_SECOND,
            )

    async def finish(self, key: str) -> None:
        """Nothing is left of the parts once they are joined; an upload of nothing leaves its multipart upload."""
        with suppress(UploadGone):
            await abort_upload(self._bucket, PREFIX + _split(key)[0], _split(key)[1])

    async def abort(self, key: str) -> None:
        blob, upload_id = _split(key)
        with suppress(UploadGone):
            await abort_upload(self._bucket, PREFIX + blob, upload_id)
        await self._blobs.delete(blob)


def _split(key: str) -> tuple[str, str]:
    found = UNFINISHED.fullmatch(key)
    if found is None:
        raise _gone()
    return found[1], found[2]


def _from_start(body: IO[bytes]) -> IO[bytes]:
    body.seek(0)
    return body


def _gone() -> NotFound:
    return NotFound("The upload is gone.")
