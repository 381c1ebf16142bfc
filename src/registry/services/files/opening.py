"""The bytes of a file in a stored content, from any position on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from registry.domain.errors import ArchiveUnreadable
from registry.domain.packages import Content
from registry.formats.manifests.decompressing import DAMAGED, MemberUnpacking, StreamUnpacking
from registry.formats.manifests.entries import FileEntry, Packing, Run
from registry.ports.blobs import CHUNK_BYTES, BlobStore

_ZEROS = bytes(CHUNK_BYTES)
Chunks = AsyncIterator[bytes]


@asynccontextmanager
async def open_file(
    blobs: BlobStore, content: Content, container: str, entry: FileEntry, *, offset: int, length: int
) -> AsyncIterator[Chunks]:
    """`length` bytes of the file from `offset` on, in chunks of at most CHUNK_BYTES.

    Entering raises NotFound where the content is gone. A stream that breaks in the middle raises ArchiveUnreadable.
    """
    packing, runs = entry.place.packing, entry.place.runs
    if packing is Packing.STORED:
        start, needed = _span(runs, offset, length)
        base, source = start, blobs.read(content.blob_key, offset=start, length=needed)
    elif packing is Packing.STREAM:
        base, source = 0, blobs.read(content.blob_key)
    else:
        base, source = 0, blobs.read(content.blob_key, offset=runs[0].offset, length=runs[0].length)
        runs = (Run(0, 0, entry.size),)
    async with source as chunks:
        if packing is Packing.STREAM:
            chunks = _unpacked(chunks, StreamUnpacking(container))
        elif packing is not Packing.STORED:
            chunks = _unpacked(chunks, MemberUnpacking(packing, entry.size))
        yield _from_runs(chunks, base, runs, offset, length)


def _span(runs: tuple[Run, ...], offset: int, length: int) -> tuple[int, int]:
    """Where the first byte of the content is that the range needs, and how many follow."""
    touched = [run for run in runs if run.at < offset + length and offset < run.at + run.length]
    if not touched or not length:
        return (runs[0].offset if runs else 0), 0
    first, last = touched[0], touched[-1]
    start = first.offset + max(0, offset - first.at)
    return start, last.offset + min(last.length, offset + length - last.at) - start


async def _from_runs(chunks: Chunks, position: int, runs: tuple[Run, ...], offset: int, length: int) -> Chunks:
    """The range, from `chunks`, which begin at `position`; zeros where no run is. Cut off: ArchiveUnreadable."""
    end = offset + length
    cursor = _Cursor(chunks, position)
    for run in runs:
        if offset >= end or run.at >= end:
            break
        for hole in _hole(run.at - offset):
            offset += len(hole)
            yield hole
        taken = min(run.at + run.length, end) - offset
        if taken <= 0:
            continue
        async for chunk in cursor.take(run.offset + offset - run.at, taken):
            offset += len(chunk)
            yield chunk
    for hole in _hole(end - offset):
        yield hole


def _hole(length: int) -> Iterator[bytes]:
    while length > 0:
        yield _ZEROS[:length]
        length -= CHUNK_BYTES


class _Cursor:
    """Takes ranges, in order, out of chunks."""

    def __init__(self, chunks: Chunks, position: int) -> None:
        self._chunks = chunks
        self._position = position
        self._held = b""

    async def take(self, offset: int, length: int) -> Chunks:
        while length > 0:
            if not self._held:
                try:
                    self._held = await anext(self._chunks, b"")
                except DAMAGED:
                    self._held = b""
                if not self._held:
                    raise ArchiveUnreadable("its stored bytes are not those of its manifest")
            skipped = min(len(self._held), offset - self._position)
            piece, self._held = self._held[skipped : skipped + length], self._held[skipped + length :]
            self._position += skipped + len(piece)
            if piece:
                offset += len(piece)
                length -= len(piece)
                yield piece


async def _unpacked(chunks: Chunks, unpacking: MemberUnpacking | StreamUnpacking) -> Chunks:
    """Decompressed in a thread, a piece at a time: one chunk may unpack to a thousand. Raises one of DAMAGED."""
    async for chunk in chunks:
        pieces = unpacking.feed(chunk)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece
    for piece in unpacking.finish() or ():
        yield piece
