"""How the memory for uploads is divided, so that no byte of the setting is spent twice."""

from dataclasses import dataclass

from registry.settings import BlobsBackend, Settings

_MIB = 1024 * 1024
_SMALLEST_BODIES_BYTES = 4 * _MIB
_SMALLEST_PARTS_BYTES = 8 * _MIB
"""A body and a part of their usual size: with less, no upload would ever get through."""


@dataclass(frozen=True, slots=True)
class UploadMemory:
    """`bodies_bytes` as they come in; `parts_bytes` on their way to S3, 0 where the bytes stay here."""

    bodies_bytes: int
    parts_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "UploadMemory":
        """A body holds 4 MiB and its parts up to 40 MiB, so with S3 the parts get three quarters."""
        total_bytes = settings.upload_memory_bytes
        if settings.blobs is not BlobsBackend.S3:
            return cls(total_bytes, 0)
        parts_bytes = max(_SMALLEST_PARTS_BYTES, total_bytes * 3 // 4)
        return cls(max(_SMALLEST_BODIES_BYTES, total_bytes - parts_bytes), parts_bytes)
