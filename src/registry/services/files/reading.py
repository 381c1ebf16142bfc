"""Reading a content's files in an isolated job."""

import asyncio
import zlib

from registry.domain.packages import Content
from registry.formats.archives.kinds import SNIFF_BYTES
from registry.formats.manifests.digesting import ManifestLimits
from registry.formats.manifests.entries import SINGLE
from registry.formats.manifests.job import TAIL_BYTES, ManifestReading, is_surely_single, read_manifest
from registry.ports.blobs import BlobStore
from registry.ports.sandbox import MIB, JobLimits, Sandbox
from registry.services.packages.blob_source import BlobSource

_LEAST_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 2 * MIB
"""Of an archive; hashing goes at 500 MiB/s, xz at 50. What unpacks to much more than it is ends here."""
_GRACE_SECONDS = 10.0
_MEMORY_BYTES = 768 * MIB


class ContentReader:
    """Makes manifests of stored contents."""

    def __init__(self, blobs: BlobStore, sandbox: Sandbox, *, most_seconds: float) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        self._most_seconds = most_seconds

    async def read(self, content: Content, *, user: str) -> ManifestReading:
        """What `user`'s content holds. Raises ParsingAborted, and what the blob store raises."""
        if await self.is_single(content):
            return ManifestReading(SINGLE)
        seconds = min(self._most_seconds, _LEAST_SECONDS + content.size / _SLOWEST_BYTES_PER_SECOND)
        return await self._sandbox.run(
            read_manifest,
            BlobSource(self._blobs, content.blob_key, content.size),
            ManifestLimits(seconds=seconds),
            limits=JobLimits(seconds + _GRACE_SECONDS, _MEMORY_BYTES),
            user=user,
        )

    async def checksum(self, content: Content) -> int:
        """The CRC-32 of the whole content. Raises what the blob store raises."""
        crc32 = 0
        async with self._blobs.read(content.blob_key) as chunks:
            async for chunk in chunks:
                crc32 = await asyncio.to_thread(zlib.crc32, chunk, crc32)
        return crc32

    async def read_whole(self, content: Content) -> bytes:
        """A small content. Raises what the blob store raises."""
        return await self._bytes(content, 0, content.size)

    async def is_single(self, content: Content) -> bool:
        """Whether the content is surely no archive: most small ones need no job to see that."""
        head, tail = await asyncio.gather(
            self._bytes(content, 0, SNIFF_BYTES), self._bytes(content, max(0, content.size - TAIL_BYTES), TAIL_BYTES)
        )
        return is_surely_single(head, tail)

    async def _bytes(self, content: Content, offset: int, length: int) -> bytes:
        length = min(length, content.size - offset)
        return await BlobSource(self._blobs, content.blob_key, content.size).read(offset, length)
