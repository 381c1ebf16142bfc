"""The blob store in a bucket: one object `blobs/<key>` for each blob."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry.adapters.engine_calls import EngineDown
from registry.adapters.s3.budget import ByteBudget
from registry.adapters.s3.cloudfront import CloudFrontSigner
from registry.adapters.s3.connection import S3Bucket
from registry.adapters.s3.copying import LEAST_BYTES, RangeCopy
from registry.adapters.s3.errors import CallMissing, UploadGone, error_code, no_bucket, translate
from registry.adapters.s3.object_keys import KEY, RANGES, new_key, range_of
from registry.adapters.s3.upload import Upload, UploadLimits, abort_upload
from registry.domain.errors import NotFound
from registry.formats.disposition import attachment
from registry.ports.blobs import CHUNK_BYTES, BlobInfo, StoredBlob

if TYPE_CHECKING:
    from aiobotocore.response import StreamingBody
    from types_aiobotocore_s3.type_defs import GetObjectRequestTypeDef

PREFIX = "blobs/"
PRESIGNED_SECONDS = 300
"""How long a download may take to begin; once begun it may last."""
UNFINISHED = re.compile(r"([0-9a-f]{32})~(.+)")
"""How a listing names a multipart upload: its key and its upload id."""


class S3BlobStore:
    """`BlobStore` in one bucket, shared by any number of processes."""

    def __init__(
        self,
        bucket: S3Bucket,
        *,
        limits: UploadLimits | None = None,
        presigned_seconds: int = PRESIGNED_SECONDS,
        cloudfront: CloudFrontSigner | None = None,
    ) -> None:
        """With `cloudfront`, downloads go through the distribution, whose signer knows how long URLs live."""
        self._bucket = bucket
        self._cloudfront = cloudfront
        self._limits = limits or UploadLimits()
        self._presigned_seconds = presigned_seconds
        self._memory = ByteBudget(self._limits.total_bytes)

    async def put(self, source: AsyncIterator[bytes]) -> StoredBlob:
        key = new_key()
        upload = Upload(self._bucket, PREFIX + key, memory=self._memory, limits=self._limits)
        size, sha256 = await upload.store(source)
        return StoredBlob(key, size, sha256)

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        body = await self._open(key, offset, length)
        try:
            yield self._chunks(body)
        finally:
            if body is not None:
                # Where bytes are left this ends the connection: reading them would cost more than a new one.
                body.close()

    async def copy_range(self, key: str, *, offset: int, length: int) -> str | None:
        if length < LEAST_BYTES or not KEY.fullmatch(key):
            return None
        copied = new_key()
        copy = RangeCopy(self._bucket, PREFIX + key, PREFIX + copied, offset=offset, length=length)
        try:
            await copy.run()
        except CallMissing:
            return None
        return copied

    async def delete(self, key: str) -> None:
        unfinished = UNFINISHED.fullmatch(key)
        if unfinished:
            with suppress(UploadGone):
                await abort_upload(self._bucket, PREFIX + unfinished[1], unfinished[2])
        elif KEY.fullmatch(key):
            await self._bucket.call(
                "DeleteObject",
                lambda: self._bucket.objects.delete_object(PREFIX + key),
            )

    async def list_blobs(self, *, since: datetime | None = None) -> AsyncIterator[BlobInfo]:
        """With `since` a call for each of the 16 ranges of keys, and one more for each thousand objects."""
        now = datetime.now(UTC)
        for first, last in [("", "~")] if since is None else [range_of(digit, since, now) for digit in RANGES]:
            async for info in self._list_objects(first, last):
                yield info
        async for key, upload_id, begun_at in self._list_uploads():
            size = await self._uploaded_bytes(key, upload_id)
            yield BlobInfo(f"{key.removeprefix(PREFIX)}~{upload_id}", size, begun_at)

    async def presign_download(self, key: str, *, filename: str, media_type: str) -> str | None:
        if self._cloudfront is not None:
            shown = {"response-content-disposition": attachment(filename), "response-content-type": media_type}
            return self._cloudfront.sign(PREFIX + key, shown)
        url: str = await self._bucket.presigner.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket.name,
                "Key": PREFIX + key,
                "ResponseContentDisposition": attachment(filename),
                "ResponseContentType": media_type,
            },
            ExpiresIn=self._presigned_seconds,
        )
        return url

    async def ping(self) -> None:
        name, client = self._bucket.name, self._bucket.client
        try:
            await self._bucket.call("HeadBucket", lambda: client.head_bucket(Bucket=name))
        except NotFound:
            # An answer to HEAD has no body that could say NoSuchBucket.
            raise no_bucket() from None

    async def _open(self, key: str, offset: int, length: int | None) -> "StreamingBody | None":
        """The bytes from S3, None when there are none in the range."""
        if not KEY.fullmatch(key):
            raise NotFound("The stored bytes are gone.")
        name, client, objects = self._bucket.name, self._bucket.client, self._bucket.objects
        if length == 0:
            await self._bucket.call("HeadObject", lambda: objects.head_object(PREFIX + key))
            return None
        request: GetObjectRequestTypeDef = {"Bucket": name, "Key": PREFIX + key}
        if offset or length is not None:
            request["Range"] = f"bytes={offset}-{'' if length is None else offset + length - 1}"
        try:
            answer = await self._bucket.call("GetObject", lambda: client.get_object(**request))
        except ClientError as error:
            if error_code(error) != "InvalidRange":
                raise
            return None
        return answer["Body"]

    async def _chunks(self, body: "StreamingBody | None") -> AsyncIterator[bytes]:
        while body is not None:
            # The connection gives 256 KiB at most: gathered, each chunk crosses the layers above once, not four times.
            gathered = bytearray()
            try:
                async with asyncio.timeout(self._bucket.chunk_seconds):
                    while len(gathered) < CHUNK_BYTES:
                        piece = await body.read(CHUNK_BYTES - len(gathered))
                        if not piece:
                            break
                        gathered += piece
            except TimeoutError:
                raise EngineDown("The package store stopped in the middle of an answer.") from None
            except Exception as error:
                raise translate(error) from error
            if gathered:
                yield bytes(gathered)
            if len(gathered) < CHUNK_BYTES:
                return

    async def _list_objects(self, first: str, last: str) -> AsyncIterator[BlobInfo]:
        """The objects whose keys lie between these two."""
        position: dict[str, Any] = {"StartAfter": PREFIX + first} if first else {}
        while True:
            page = await self._bucket.call(
                "ListObjectsV2",
                lambda start=position: self._bucket.client.list_objects_v2(  # type: ignore[misc]
                    Bucket=self._bucket.name, Prefix=PREFIX, **start
                ),
            )
            for entry in page.get("Contents", []):
                key = entry["Key"].removeprefix(PREFIX)
                if key > last:
                    return
                if KEY.fullmatch(key):
                    yield BlobInfo(key, entry["Size"], entry["LastModified"].astimezone(UTC))
            if not page["IsTruncated"]:
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}

    async def _list_uploads(self) -> AsyncIterator[tuple[str, str, datetime]]:
        position: dict[str, Any] = {}
        while True:
            page = await self._bucket.call(
                "ListMultipartUploads",
                lambda start=position: self._bucket.client.list_multipart_uploads(  # type: ignore[misc]
                    Bucket=self._bucket.name, Prefix=PREFIX, **start
                ),
            )
            for entry in page.get("Uploads", []):
                yield entry["Key"], entry["UploadId"], entry["Initiated"].astimezone(UTC)
            if not page["IsTruncated"]:
                return
            # No marker of the upload id: a key has one upload, and versitygw refuses its own marker.
            position = {"KeyMarker": page["NextKeyMarker"]}

    async def _uploaded_bytes(self, key: str, upload_id: str) -> int:
        size, marker = 0, 0
        while True:
            try:
                page = await self._bucket.call(
                    "ListParts",
                    lambda after=marker: self._bucket.client.list_parts(  # type: ignore[misc]
                        Bucket=self._bucket.name, Key=key, UploadId=upload_id, PartNumberMarker=after
                    ),
                )
            except UploadGone:
                return 0
            size += sum(part["Size"] for part in page.get("Parts", []))
            if not page["IsTruncated"]:
                return size
            marker = page["NextPartNumberMarker"]
