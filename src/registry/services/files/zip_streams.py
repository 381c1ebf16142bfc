"""Bytes out of a stored zip: of one member, or of a zip made of some."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator

from registry.domain.errors import ArchiveUnreadable
from registry.ports.blobs import CHUNK_BYTES, BlobStore
from registry.services.files.zip_directory import LOCAL_HEADER_BYTES, ZipEntry, read_bytes
from registry.services.files.zip_parts import Segment

_GATHERED_BYTES = 256 * 1024
_UNCOMPRESSED_AT_ONCE = CHUNK_BYTES


async def raw_bytes(blobs: BlobStore, key: str, entry: ZipEntry, *, offset: int, length: int) -> AsyncIterator[bytes]:
    """`length` bytes from `offset` on of a member as it is stored. Raises ArchiveUnreadable where it is not there."""
    header = await read_bytes(blobs, key, entry.header_offset, LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
        raise ArchiveUnreadable(f"{entry.path[:100]!r} is not where it should be")
    # The extra field here may be another than the directory's.
    name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
    start = entry.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    left = length
    async with blobs.read(key, offset=start + offset, length=length) as chunks:
        async for chunk in chunks:
            left -= len(chunk)
            yield chunk
    if left:
        raise ArchiveUnreadable(f"{entry.path[:100]!r} is cut off")


async def inflated_bytes(
    blobs: BlobStore, key: str, entry: ZipEntry, *, offset: int, length: int
) -> AsyncIterator[bytes]:
    """`length` bytes from `offset` on of a deflated member, a chunk at a time; what stands before is thrown away.

    The last byte is given only when the size is right, and the checksum where all was read. Raises ArchiveUnreadable.
    """
    position, crc, held = 0, 0, b""
    end = offset + length
    async for chunk in _inflated(raw_bytes(blobs, key, entry, offset=0, length=entry.compressed_size)):
        crc = zlib.crc32(chunk, crc)
        start, position = position, position + len(chunk)
        if position > entry.size:
            break
        wanted = chunk[max(0, offset - start) : max(0, end - start)]
        if wanted:
            if held:
                yield held
            held = wanted
        if position >= end and end < entry.size:
            yield held
            return
    if position != entry.size or crc != entry.crc:
        raise ArchiveUnreadable(f"{entry.path[:100]!r} is damaged: its size or checksum is wrong")
    if held:
        yield held


async def _inflated(compressed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    async for chunk in compressed:
        rest = chunk
        while rest and not stream.eof:
            try:
                piece = await asyncio.to_thread(stream.decompress, rest, _UNCOMPRESSED_AT_ONCE)
            except zlib.error:
                raise ArchiveUnreadable("a file in it cannot be decompressed") from None
            rest = stream.unconsumed_tail
            if piece:
                yield piece
    while not stream.eof and (piece := await asyncio.to_thread(stream.decompress, b"", _UNCOMPRESSED_AT_ONCE)):
        yield piece


async def zip_bytes(
    blobs: BlobStore, key: str, segments: Iterable[Segment], *, offset: int, length: int
) -> AsyncIterator[bytes]:
    """`length` bytes from `offset` on of a zip made of these segments."""
    gathered = bytearray()
    for segment, skipped, taken in _in_range(segments, offset, length):
        if segment.data is not None:
            gathered += segment.data[skipped : skipped + taken]
        elif segment.entry is not None:
            async for chunk in raw_bytes(blobs, key, segment.entry, offset=skipped, length=taken):
                gathered += chunk
                if len(gathered) >= _GATHERED_BYTES:
                    yield bytes(gathered)
                    gathered.clear()
        if len(gathered) >= _GATHERED_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _in_range(segments: Iterable[Segment], offset: int, length: int) -> Iterator[tuple[Segment, int, int]]:
    """Each segment that the range touches, with how much of it to skip and to take."""
    start, end = 0, offset + length
    for segment in segments:
        stop = start + segment.size
        skipped, taken = max(0, offset - start), min(stop, end) - max(start, offset)
        if taken > 0:
            yield segment, skipped, taken
        start = stop
        if start >= end:
            return
