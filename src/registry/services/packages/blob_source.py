"""A stored blob as the source of an isolated job."""

from dataclasses import dataclass

from registry.ports.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class BlobSource:
    """Implements ByteSource: each read is one range of the blob under `key`, which has `size` bytes."""

    blobs: BlobStore
    key: str
    size: int

    async def read(self, offset: int, length: int) -> bytes:
        async with self.blobs.read(self.key, offset=offset, length=length) as chunks:
            return b"".join([chunk async for chunk in chunks])
