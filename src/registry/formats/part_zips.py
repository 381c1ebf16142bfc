"""The zip of a part: its files as they are, one after the other, in the order of their paths.

Times, attributes and everything else are fixed, so the bytes depend on nothing but paths and contents; and their number
is known before the first one is read. docs/files.md has the layout.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.formats.manifests.entries import FileEntry

LAYOUT_VERSION = 2
"""Goes into ETags: another layout makes other bytes of the same files."""
_MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
_UTF_8_FLAG = 0x800
_MADE_BY_UNIX = 3 << 8
_PLAIN, _ZIP64 = 20, 45
_DATE = 0x21
"""1 January 1980, the first day that a zip knows."""
_ATTRIBUTES = 0o100644 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the zip: `data`, or where that is None, `length` bytes of `entry` from `offset` on."""

    length: int
    data: bytes | None
    entry: FileEntry | None = None
    offset: int = 0


class PartZip:
    """A zip of these files, all with a CRC-32."""

    def __init__(self, entries: Sequence[FileEntry]) -> None:
        self._entries = entries
        self.size = sum(stretch.length for stretch in self._stretches())
        digest = hashlib.sha256(f"part {LAYOUT_VERSION}\n".encode())
        for entry in entries:
            digest.update(f"{entry.path}\t{entry.sha256}\n".encode())
        self.tag = digest.hexdigest()

    def read(self, offset: int, length: int) -> Iterator[Stretch]:
        """What these bytes of the zip are made of."""
        at, end = 0, offset + length
        for stretch in self._stretches():
            skipped, taken = max(0, offset - at), min(at + stretch.length, end) - max(at, offset)
            if taken > 0:
                data = None if stretch.data is None else stretch.data[skipped : skipped + taken]
                yield Stretch(taken, data, stretch.entry, skipped)
            at += stretch.length
            if at >= end:
                return

    def _stretches(self) -> Iterator[Stretch]:
        offsets, at = [], 0
        for entry in self._entries:
            header = _local_header(entry)
            yield Stretch(len(header), header)
            yield Stretch(entry.size, None, entry)
            offsets.append(at)
            at += len(header) + entry.size
        table_at = at
        for entry, offset in zip(self._entries, offsets, strict=True):
            record = _central_record(entry, offset)
            yield Stretch(len(record), record)
            at += len(record)
        end = _end_records(len(offsets), offset=table_at, size=at - table_at)
        yield Stretch(len(end), end)


def _local_header(entry: FileEntry) -> bytes:
    name = entry.path.encode()
    extra, size, needed = b"", entry.size, _PLAIN
    if size >= _MAX_32:
        extra, size, needed = struct.pack("<2H2Q", 1, 16, entry.size, entry.size), _MAX_32, _ZIP64
    crc32 = entry.crc32 or 0
    return (
        _LOCAL.pack(b"PK\x03\x04", needed, _UTF_8_FLAG, 0, 0, _DATE, crc32, size, size, len(name), len(extra))
        + name
        + extra
    )


def _central_record(entry: FileEntry, header_offset: int) -> bytes:
    name = entry.path.encode()
    wide = [entry.size, entry.size] if entry.size >= _MAX_32 else []
    wide += [header_offset] if header_offset >= _MAX_32 else []
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    needed, size = _ZIP64 if wide else _PLAIN, min(entry.size, _MAX_32)
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        _MADE_BY_UNIX | needed,
        needed,
        _UTF_8_FLAG,
        0,
        0,
        _DATE,
        entry.crc32 or 0,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _ATTRIBUTES,
        min(header_offset, _MAX_32),
    )
    return fixed + name + extra


def _end_records(count: int, *, offset: int, size: int) -> bytes:
    plain = _END.pack(b"PK\x05\x06", 0, 0, *[min(count, _MAX_16)] * 2, min(size, _MAX_32), min(offset, _MAX_32), 0)
    if count < _MAX_16 and max(size, offset) < _MAX_32:
        return plain
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, _ZIP64, _ZIP64, 0, 0, count, count, size, offset)
    return end + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size, 1) + plain
