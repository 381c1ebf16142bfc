"""The entries of a zip: those of every table of contents it has, and those that only a local header shows.

Readers of zips disagree on broken ones (which end record counts, which of two names), so all that any of them could
read is listed. Layout: APPNOTE.TXT 6.3.10.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.scanning.kinds import ZIP_TAIL_BYTES
from registry.formats.scanning.sources import Source

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_MAX_ENDS = 16
_MAX_DIRECTORY = 64 * 1024 * 1024
_ALL_ONES = 0xFFFFFFFF
_UTF_8 = 0x800
_HAS_DESCRIPTOR = 0x8
LOCAL_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as one header describes it. `packed` and `size` are in bytes, None when they follow the data."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int | None
    size: int | None
    offset: int


@dataclass(frozen=True, slots=True)
class LocalHeader:
    """What stands before an entry's data, and where the data begins."""

    entry: Entry
    data: int


@dataclass(frozen=True, slots=True)
class Directory:
    """All entries, each once; what is wrong with the tables of contents; and where these lie, as (start, end)."""

    entries: list[Entry]
    problems: list[str]
    places: list[tuple[int, int]]


def read_directory(source: Source, *, most: int) -> Directory:
    """Every table of contents, with at most `most` entries."""
    found: dict[Entry, None] = {}
    problems: dict[str, None] = {}
    places: list[tuple[int, int]] = []
    for number, (start, length, shift, end) in enumerate(_tables(source)):
        places.append((start, end))
        if number:
            problems["it has several tables of contents"] = None
        if length > _MAX_DIRECTORY:
            problems["its table of contents is too large"] = None
            continue
        data, at = source.read(start, length), 0
        while data[at : at + 4] == b"PK\x01\x02" and len(data) - at >= _CENTRAL.size:
            entry, at = _central_entry(data, at, shift)
            found[entry] = None
            if len(found) >= most:
                problems[f"it has more than {most:,} entries"] = None
                return Directory(list(found), list(problems), places)
        if at < length:
            problems["its table of contents is damaged"] = None
    return Directory(list(found), list(problems), places)


def _tables(source: Source) -> Iterator[tuple[int, int, int, int]]:
    """(start, length, shift of all offsets, end of the end record) of each table that an end record points to."""
    base = max(0, source.size - ZIP_TAIL_BYTES)
    tail = source.read(base, ZIP_TAIL_BYTES)
    at, seen = len(tail), 0
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0 and seen < _MAX_ENDS:
        if len(tail) - at < _END.size:
            continue
        _, _, _, _, entries, length, start, comment = _END.unpack_from(tail, at)
        end = base + at
        after = end + _END.size + comment
        record = source.read(end - 20 - _END_64.size, _END_64.size)
        if source.read(end - 20, 4) == b"PK\x06\x07" and record[:4] == b"PK\x06\x06":
            entries, length, start = _END_64.unpack(record)[7:10]
            end -= 20 + _END_64.size
        actual = end - length
        if entries == 0 and length == 0:
            seen += 1
            continue
        if actual >= 0 and source.read(actual, 4) == b"PK\x01\x02":
            seen += 1
            yield actual, length, actual - start, after
        elif source.read(start, 4) == b"PK\x01\x02":
            seen += 1
            yield start, length, 0, start + length


def _central_entry(data: bytes, at: int, shift: int) -> tuple[Entry, int]:
    fields = _CENTRAL.unpack_from(data, at)
    flags, method, crc, packed, size = fields[5], fields[6], fields[9], fields[10], fields[11]
    name_length, extra_length, comment_length, offset = fields[12], fields[13], fields[14], fields[-1]
    begin = at + _CENTRAL.size
    name = data[begin : begin + name_length]
    extra = data[begin + name_length : begin + name_length + extra_length]
    size, packed, offset = _large(extra, (size, packed, offset))
    entry = Entry(_text(name, flags), method, flags, crc, packed, size, offset + shift)
    return entry, begin + name_length + extra_length + comment_length


def local_header(source: Source, offset: int) -> LocalHeader | None:
    """The local header at `offset`, None where there is none."""
    data = source.read(offset, _LOCAL.size)
    if len(data) < _LOCAL.size or data[:4] != LOCAL_MAGIC:
        return None
    _, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(data)
    rest = source.read(offset + _LOCAL.size, name_length + extra_length)
    size, packed, _ = _large(rest[name_length:], (size, packed, 0))
    follows = bool(flags & _HAS_DESCRIPTOR) and packed == 0
    entry = Entry(
        _text(rest[:name_length], flags),
        method,
        flags,
        crc,
        None if follows else packed,
        None if follows else size,
        offset,
    )
    return LocalHeader(entry, offset + _LOCAL.size + name_length + extra_length)


def _large(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Zip64: values that do not fit into 32 bits stand in an extra field, in this order."""
    at, found = 0, list(values)
    while len(extra) - at >= 4:
        kind, length = struct.unpack_from("<HH", extra, at)
        body, at = extra[at + 4 : at + 4 + length], at + 4 + length
        if kind != 1:
            continue
        for index, value in enumerate(values):
            if value == _ALL_ONES and len(body) >= 8:
                found[index], body = int.from_bytes(body[:8], "little"), body[8:]
    return found[0], found[1], found[2]


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "replace") if flags & _UTF_8 else name.decode("cp437")
