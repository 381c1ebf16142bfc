"""A range of one object as an object of its own, copied by S3 itself: not a byte passes this service."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from registry.adapters.s3.connection import S3Bucket
from registry.adapters.s3.errors import UploadGone
from registry.adapters.s3.parts import MAX_PARTS, MIB
from registry.adapters.s3.upload import COMPLETE_BYTES_PER_SECOND, begin_upload, stored_bytes, take_back, to_the_end
from registry.domain.errors import NotFound, RegistryError

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

LEAST_BYTES = 8 * MIB
"""Below, one PUT takes fewer calls than a copy; and S3 copies ranges of objects over 5 MiB only."""
_PART_BYTES = 128 * MIB
"""S3 takes parts of 5 MiB to 5 GiB. Smaller ones let several of its machines work on a copy."""
_AT_ONCE = 4
_SLOWEST_BYTES_PER_SECOND = 10 * MIB


class RangeCopy:
    """`length` bytes of the object `source`, from `offset` on, under `target`. Used once."""

    def __init__(self, bucket: S3Bucket, source: str, target: str, *, offset: int, length: int) -> None:
        self._bucket = bucket
        self._source = source
        self._target = target
        self._offset = offset
        self._length = length
        self._part_bytes = max(_PART_BYTES, -(-length // MAX_PARTS))
        self._running = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Return once the object is there. When this raises, the bucket holds nothing of it.

        Raises NotFound for a source that is not there, CallMissing where the server cannot copy, Unavailable.
        """
        upload_id = await to_the_end(begin_upload(self._bucket, self._target))
        try:
            starts = range(0, self._length, self._part_bytes)
            try:
                async with asyncio.TaskGroup() as copying:
                    parts = [
                        copying.create_task(self._copy(upload_id, number, start))
                        for number, start in enumerate(starts, start=1)
                    ]
            except BaseExceptionGroup as group:
                first = group.exceptions[0]
                raise first from first.__cause__
            await to_the_end(self._complete(upload_id, [part.result() for part in parts]))
        except BaseException:
            with suppress(RegistryError, ClientError):
                await to_the_end(take_back(self._bucket, self._target, upload_id, may_be_stored=True))
            raise

    async def _copy(self, upload_id: str, number: int, start: int) -> "CompletedPartTypeDef":
        length = min(self._part_bytes, self._length - start)
        first = self._offset + start
        async with self._running:
            answer = await self._bucket.call(
                "UploadPartCopy",
                lambda: self._bucket.client.upload_part_copy(
                    Bucket=self._bucket.name,
                    Key=self._target,
                    UploadId=upload_id,
                    PartNumber=number,
                    CopySource={"Bucket": self._bucket.name, "Key": self._source},
                    CopySourceRange=f"bytes={first}-{first + length - 1}",
                ),
                extra_seconds=length / _SLOWEST_BYTES_PER_SECOND,
            )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    async def _complete(self, upload_id: str, parts: "list[CompletedPartTypeDef]") -> None:
        # A try whose answer was lost may have completed it.
        with suppress(UploadGone):
            await self._bucket.call(
                "CompleteMultipartUpload",
                lambda: self._bucket.client.complete_multipart_upload(
                    Bucket=self._bucket.name, Key=self._target, UploadId=upload_id, MultipartUpload={"Parts": parts}
                ),
                extra_seconds=self._length / COMPLETE_BYTES_PER_SECOND,
            )
        if await stored_bytes(self._bucket, self._target) != self._length:
            raise NotFound("The stored bytes end before the range does.")
