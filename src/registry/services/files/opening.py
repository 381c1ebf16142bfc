"""The bytes of a file in a stored content, from any position on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from registry.domain.packages import Content
from registry.domain.serving_errors import ArchiveUnreadable
from registry.formats.manifests.decompressing import MemberUnpacking, StreamUnpacking
from registry.formats.manifests.entries import FileEntry, Packing, Place, Run
from registry.formats.scanning.unpacking import DAMAGED
from registry.ports.blobs import CHUNK_BYTES, BlobStore

_SMALL_BYTES = 16 * 1024
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
        async with open_stored(blobs, content.blob_key, entry.place, offset=offset, length=length) as chunks:
            yield chunks
    elif packing is Packing.STREAM:
        async with open_stream(blobs, content, container) as cursor:
            yield _from_runs(cursor, runs, offset, length)
    else:
        async with blobs.read(content.blob_key, offset=runs[0].offset, length=runs[0].length) as packed:
            cursor = Cursor(_unpacked(packed, MemberUnpacking(packing, entry.size)), 0)
            yield _from_runs(cursor, (Run(0, 0, entry.size),), offset, length)


@asynccontextmanager
async def open_stored(
    blobs: BlobStore, blob_key: str, place: Place, *, offset: int, length: int
) -> AsyncIterator[Chunks]:
    """The same of a file whose bytes are in a blob as they are, at `place`."""
    start, needed = _span(place.runs, offset, length)
    async with blobs.read(blob_key, offset=start, length=needed) as chunks:
        yield _from_runs(Cursor(chunks, start), place.runs, offset, length)


@asynccontextmanager
async def open_stream(blobs: BlobStore, content: Content, container: str) -> AsyncIterator["Cursor"]:
    """The unpacked bytes of a compressed tar from its start. Entering raises NotFound where the content is gone."""
    async with blobs.read(content.blob_key) as packed:
        yield Cursor(_unpacked(packed, StreamUnpacking(container)), 0)


def _span(runs: tuple[Run, ...], offset: int, length: int) -> tuple[int, int]:
    """Where the first byte of the content is that the range needs, and how many follow."""
    touched = [run for run in runs if run.at < offset + length and offset < run.at + run.length]
    if not touched or not length:
        return (runs[0].offset if runs else 0), 0
    first, last = touched[0], touched[-1]
    start = first.offset + max(0, offset - first.at)
    return start, last.offset + min(last.length, offset + length - last.at) - start


async def _from_runs(cursor: "Cursor", runs: tuple[Run, ...], offset: int, length: int) -> Chunks:
    """The range, with zeros where no run is. Raises ArchiveUnreadable where bytes are missing."""
    end = offset + length
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


class Cursor:
    """Takes ranges, in order, out of chunks of which the first is at `position`."""

    def __init__(self, chunks: Chunks, position: int) -> None:
        self._chunks = chunks
        self._position = position
        self._held = b""

    async def take(self, offset: int, length: int) -> Chunks:
        """`length` bytes from `offset` on. Raises ArchiveUnreadable where they are not there."""
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
    """Decompressed a piece at a time: one chunk may unpack to a thousand. Raises one of DAMAGED.

    In a thread, but for little: a hop costs more than to inflate it.
    """
    async for chunk in chunks:
        pieces = unpacking.feed(chunk)
        small = len(chunk) <= _SMALL_BYTES
        while piece := next(pieces, b"") if small else await asyncio.to_thread(next, pieces, b""):
            small = False
            yield piece
    for piece in unpacking.finish() or ():
        yield piece
