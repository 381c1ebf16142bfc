"""A stored blob as a file for threads."""

import asyncio
import io
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING

from registry.formats.archives.limits import Deadline, LimitReached
from registry.ports.blobs import BlobStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_BYTES = 64 * 1024


class BlobFile(io.RawIOBase):
    """Random access to a blob of `size` bytes from a worker thread: each read is a range read on the event loop.

    Raises LimitReached when the deadline has passed, and the store's errors as they are.
    """

    def __init__(
        self, blobs: BlobStore, key: str, *, size: int, loop: asyncio.AbstractEventLoop, deadline: Deadline
    ) -> None:
        super().__init__()
        self._blobs = blobs
        self._key = key
        self._size = size
        self._loop = loop
        self._deadline = deadline
        self._position = 0
        self._fetching: Future[bytes] | None = None

    def abandon(self) -> None:
        """Let the thread's current and next read raise LimitReached."""
        self._deadline.abandon()
        if self._fetching is not None:
            self._fetching.cancel()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence] + offset
        if position < 0:
            raise ValueError("a position before the start")
        self._position = position
        return position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view:
            length = min(len(view), self._size - self._position)
            if length <= 0:
                return 0
            data = self._fetch(length)
            view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _fetch(self, length: int) -> bytes:
        # Noted before the deadline is asked, so that `abandon` finds it or the deadline tells.
        self._fetching = asyncio.run_coroutine_threadsafe(self._fetch_async(self._position, length), self._loop)
        try:
            return self._fetching.result(self._deadline.remaining_seconds())
        except (TimeoutError, CancelledError):
            raise LimitReached from None
        finally:
            self._fetching.cancel()

    async def _fetch_async(self, offset: int, length: int) -> bytes:
        async with self._blobs.read(self._key, offset=offset, length=length) as chunks:
            return b"".join([chunk async for chunk in chunks])


class BoundedReader(io.BufferedReader):
    """Buffers small reads and refuses large ones: readers of archives ask for whatever a header claims."""

    def __init__(self, raw: BlobFile, *, size: int, most_bytes_at_once: int) -> None:
        super().__init__(raw, BUFFER_BYTES)
        self._size = size
        self._most_bytes_at_once = most_bytes_at_once

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._size - self.tell() if size is None or size < 0 else size
        if wanted > self._most_bytes_at_once:
            raise LimitReached
        return super().read(size)
