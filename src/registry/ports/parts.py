"""Where the bytes of uploads are gathered part by part."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.ports.blobs import StoredBlob


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that is durable. `etag` (without quotes) tells its bytes from others; the store chooses how."""

    number: int
    size: int
    etag: str


class PartStore(Protocol):
    """Bytes that come in parts, in any order and concurrently, and become a blob of the `BlobStore` beside it.

    An unfinished one is listed by `BlobStore.list_blobs` under the key that `begin` gave, and removed by its `delete`.
    The store itself knows which parts it has, so that no second list can disagree with it. All methods raise
    Unavailable; those that take a key raise NotFound when there is nothing under it, `abort` and `finish` excepted.
    """

    async def begin(self) -> str:
        """Make room for an upload; the key for the other methods."""

    async def put_part(
        self, key: str, number: int, source: AsyncIterator[bytes], *, offset: int, size: int
    ) -> StoredPart:
        """Store the part that begins at `offset` of the whole; durable when this returns. It replaces an earlier one.

        When `source` raises, is cancelled, or yields another number of bytes than `size` (DigestMismatch), the part is
        not there afterwards, and an earlier one may be gone. Of two that are sent under one number at one time, each
        byte is one of theirs: the digest of the whole decides. Raises UploadSealed while and after `complete` joins.
        """

    async def list_parts(self, key: str) -> Sequence[StoredPart]:
        """The parts that are there, by number."""

    async def presign_part(self, key: str, number: int, *, size: int, expires_at: datetime) -> str | None:
        """A URL to which anyone may PUT `size` bytes until then; None where clients cannot reach the store."""

    def complete(self, key: str, parts: Sequence[StoredPart]) -> AbstractAsyncContextManager[StoredBlob]:
        """Join these parts, which are all there are, into a blob, and read it once for its SHA-256.

        The blob is durable when the context is entered, and its bytes never change unless `reopen` is called. May be
        repeated. Raises UploadIncomplete when parts are missing or were replaced meanwhile, and UploadSealed while
        somebody else is in this context for the same bytes (a store whose objects cannot change need not tell).
        """

    async def reopen(self, key: str, blob: StoredBlob) -> str:
        """Take parts again: the blob is not what was announced. The key from now on; the parts are still there.

        Called within the context of `complete`. Where the key is another one, the old is for `abort`.
        """

    async def finish(self, key: str) -> None:
        """Forget the parts of a blob that a package refers to by now."""

    async def abort(self, key: str) -> None:
        """Remove everything under the key. No error when it is gone already."""
