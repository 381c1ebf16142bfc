"""Reading blobs in chunks, one ahead of what is sent, with a bound on what all readers hold together."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from registry.adapters.filesystem.files import BlobFile
from registry.ports.blobs import CHUNK_BYTES

LEAST_CHUNK_BYTES = 64 * 1024
_SHARES = 8
"""A chunk takes so much of what is free: a few readers get whole ones, and there is something left for who comes."""


class ReadMemory:
    """Gives out memory for chunks: less each, the more is out, and never less than LEAST_CHUNK_BYTES.

    Readers whose clients stopped reading hold `total_bytes` together, and twice the least for each that came later.
    One event loop uses it, so it needs no lock.
    """

    def __init__(self, *, total_bytes: int) -> None:
        self._free_bytes = total_bytes

    def take(self, wanted: int) -> int:
        """How long a chunk may be, `wanted` at most. To be given back when it is not held any more."""
        share = self._free_bytes // _SHARES // LEAST_CHUNK_BYTES * LEAST_CHUNK_BYTES
        taken = min(wanted, CHUNK_BYTES, max(LEAST_CHUNK_BYTES, share))
        self._free_bytes -= taken
        return taken

    def give_back(self, size: int) -> None:
        self._free_bytes += size


class Reading:
    """A range of a blob. While a chunk is sent, the next one is read."""

    def __init__(
        self, file: BlobFile, first: bytes, *, span: range, threads: ThreadPoolExecutor, memory: ReadMemory
    ) -> None:
        """Use `open`. `first` is what stands before `span`."""
        self._file = file
        self._first = first
        self._offset, self._end = span.start, span.stop
        self._threads = threads
        self._memory = memory
        self._held_bytes = len(first)
        self._ahead = self._read_ahead()

    @classmethod
    async def open(
        cls, path: Path, threads: ThreadPoolExecutor, memory: ReadMemory, *, offset: int, length: int | None
    ) -> Self:
        """Open the file and read the first chunk. Raises NotFound, Unavailable.

        What is small and in the system's memory is read at once: a hop to a thread costs ten times as much. The rest is
        one hop.
        """
        if length is not None and length <= LEAST_CHUNK_BYTES and (opened := _open_cached(path, offset, length)):
            file, first = opened
            memory.take(len(first))
            done = range(file.size, file.size)
            return cls(file, first, span=done, threads=threads, memory=memory)
        taken = memory.take(CHUNK_BYTES if length is None else length)
        opening = threads.submit(_open, path, offset, taken)
        try:
            file, first = await asyncio.wrap_future(opening)
        except BaseException as error:
            memory.give_back(taken)
            if isinstance(error, asyncio.CancelledError):
                opening.add_done_callback(_close_opened)
            raise
        memory.give_back(taken - len(first))
        end = file.size if length is None else min(file.size, offset + length)
        return cls(file, first, span=range(offset + len(first), end), threads=threads, memory=memory)

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk, self._first = self._first, b""
        while size := len(chunk):
            yield chunk
            chunk = b""  # so that it is free while the next one comes
            self._give_back(size)
            if self._ahead is not None:
                # What is there already needs no turn of the loop.
                chunk = self._ahead.result() if self._ahead.done() else await asyncio.wrap_future(self._ahead)
                self._ahead = self._read_ahead()

    def close(self) -> None:
        """Close the file, as soon as no thread reads from it: another file could get its number."""
        self._give_back(self._held_bytes)
        if self._ahead is None:
            self._file.close()
        else:
            self._ahead.add_done_callback(lambda _: self._file.close())

    def _read_ahead(self) -> Future[bytes] | None:
        if self._offset >= self._end:
            return None
        length = self._memory.take(self._end - self._offset)
        offset, self._offset = self._offset, self._offset + length
        self._held_bytes += length
        return self._threads.submit(self._file.read_at, offset, length)

    def _give_back(self, size: int) -> None:
        self._held_bytes -= size
        self._memory.give_back(size)


def _open(path: Path, offset: int, length: int) -> tuple[BlobFile, bytes]:
    file = BlobFile(path)
    try:
        return file, file.read_at(offset, max(0, min(length, file.size - offset)))
    except BaseException:
        file.close()
        raise


def _open_cached(path: Path, offset: int, length: int) -> tuple[BlobFile, bytes] | None:
    """The file and all that is wanted of it; None where that takes the disk."""
    file = BlobFile(path)
    first = file.read_cached(offset, max(0, min(length, file.size - offset)))
    if first is None:
        file.close()
        return None
    return file, first


def _close_opened(opening: Future[tuple[BlobFile, bytes]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].close()
