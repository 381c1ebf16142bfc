"""A zip of some of another zip's members: their compressed bytes are copied, everything around them is written anew.

The layout depends on nothing but the chosen members, so the same choice gives the same bytes, and their number is known
before the first one is read. docs/sub-parts.md has it in full.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.domain.errors import ArchiveUnreadable
from registry.services.files.zip_directory import ENCRYPTED_FLAG, UTF_8_FLAG, ZipEntry

LAYOUT_VERSION = 1
"""Goes into ETags: another layout makes other bytes of the same choice."""
_MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
_KEPT_FLAGS = UTF_8_FLAG | 0x6
"""Names in UTF-8, and what LZMA's reader needs to know. Sizes stand in the headers: no data descriptors."""
_PLAIN, _ZIP64 = 20, 45
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the new zip: `data`, or where that is None, the compressed bytes of `entry`."""

    size: int
    data: bytes | None
    entry: ZipEntry | None = None


def segments(entries: Iterable[ZipEntry]) -> Iterator[Segment]:
    """All of the new zip, in order. Raises ArchiveUnreadable for a member that is encrypted."""
    chosen: list[tuple[ZipEntry, int]] = []
    offset = 0
    for entry in entries:
        if entry.flags & ENCRYPTED_FLAG:
            raise ArchiveUnreadable(f"{entry.path[:100]!r} is encrypted")
        header = _local_header(entry)
        yield Segment(len(header), header)
        yield Segment(entry.compressed_size, None, entry)
        chosen.append((entry, offset))
        offset += len(header) + entry.compressed_size
    directory_offset = offset
    for entry, header_offset in chosen:
        record = _central_record(entry, header_offset)
        yield Segment(len(record), record)
        offset += len(record)
    end = _end_records(len(chosen), offset=directory_offset, size=offset - directory_offset)
    yield Segment(len(end), end)


def _local_header(entry: ZipEntry) -> bytes:
    extra, sizes, needed = b"", (entry.compressed_size, entry.size), _PLAIN
    if max(sizes) >= _MAX_32:
        extra, needed = struct.pack("<2H2Q", 1, 16, entry.size, entry.compressed_size), _ZIP64
        sizes = (_MAX_32, _MAX_32)
    fixed = _LOCAL.pack(
        b"PK\x03\x04",
        needed,
        entry.flags & _KEPT_FLAGS,
        entry.method,
        entry.time,
        entry.date,
        entry.crc,
        *sizes,
        len(entry.name),
        len(extra),
    )
    return fixed + entry.name + extra


def _central_record(entry: ZipEntry, header_offset: int) -> bytes:
    large = max(entry.compressed_size, entry.size) >= _MAX_32
    wide = [entry.size, entry.compressed_size] if large else []
    wide += [header_offset] if header_offset >= _MAX_32 else []
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        entry.made_by,
        _ZIP64 if wide else _PLAIN,
        entry.flags & _KEPT_FLAGS,
        entry.method,
        entry.time,
        entry.date,
        entry.crc,
        _MAX_32 if large else entry.compressed_size,
        _MAX_32 if large else entry.size,
        len(entry.name),
        len(extra),
        0,
        0,
        0,
        entry.attributes,
        min(header_offset, _MAX_32),
    )
    return fixed + entry.name + extra


def _end_records(count: int, *, offset: int, size: int) -> bytes:
    plain = _END.pack(b"PK\x05\x06", 0, 0, *[min(count, _MAX_16)] * 2, min(size, _MAX_32), min(offset, _MAX_32), 0)
    if count < _MAX_16 and max(size, offset) < _MAX_32:
        return plain
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, _ZIP64, _ZIP64, 0, 0, count, count, size, offset)
    return end + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size, 1) + plain
