"""The table of contents of a zip: the one that the last end record points to, which is what most programs read."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.manifests.paths import exact_text, is_text
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.reading import Stored

ENCRYPTED_FLAG = 0x1
_UTF_8_FLAG = 0x800
_MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LONGEST_END_BYTES = _END.size + _MAX_16 + _LOCATOR.size + _END_64.size
_ZIP64, _UNICODE_PATH = 1, 0x7075


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the table of contents. `raw_name` is as it stands there, `name` the same as text.

    `is_guessed`: the zip does not say that the name is UTF-8, and it is none; then `name` is read in code page 437.
    """

    raw_name: bytes
    name: str
    is_guessed: bool
    made_by: int
    flags: int
    method: int
    crc: int
    compressed_size: int
    size: int
    attributes: int
    header_offset: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The members in the order of the table, which begins at `start`."""

    members: list[Member]
    start: int


@dataclass(frozen=True, slots=True)
class _End:
    """What an end record says: volumes, how many members the table has, its length, where it should be; and where it
    ends.
    """

    disk: int
    first_disk: int
    count: int
    length: int
    offset: int
    table_end: int


def ends_like_zip(stored: Stored) -> bool:
    """Whether a zip stands at the end of the content, which begins with something else (a program that unpacks it)."""
    end = _find_end(stored, exact=True)
    if end is None or not end.count or end.length > end.table_end:
        return False
    return stored.read(end.table_end - end.length, 4) == b"PK\x01\x02"


def read_directory(stored: Stored, *, most_bytes: int) -> Directory:
    """The table of contents. Raises Unreadable."""
    end = _find_end(stored, exact=False)
    if end is None:
        raise Unreadable("it has no table of contents, as if its end were missing")
    if end.length > most_bytes:
        raise Unreadable(f"its table of contents is larger than {most_bytes // 2**20} MiB")
    start = end.table_end - end.length
    # Something may stand before the archive: all offsets count from the byte after that.
    shift = start - end.offset
    if start < 0 or shift < 0:
        raise Unreadable("its table of contents is not where it should be")
    data = stored.read(start, end.length)
    members = list(_members(data, shift))
    if len(members) != end.count:
        raise Unreadable("its table of contents is damaged")
    return Directory(members, start)


def _find_end(stored: Stored, *, exact: bool) -> _End | None:
    """What the last end record says; with `exact`, one that ends where the content does. Raises Unreadable."""
    base = max(0, stored.size - _LONGEST_END_BYTES)
    tail = stored.read(base, stored.size - base)
    at = len(tail)
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        left = len(tail) - at - _END.size
        if left < 0:
            continue
        _, disk, first_disk, _, count, length, offset, comment = _END.unpack_from(tail, at)
        if comment != left if exact else comment > left:
            continue
        end = _End(disk, first_disk, count, length, offset, base + at)
        if at >= _LOCATOR.size and tail.startswith(b"PK\x06\x07", at - _LOCATOR.size):
            end = _end_64(stored, base + at - _LOCATOR.size, end)
        if end.disk or end.first_disk:
            raise Unreadable("it is one of several volumes")
        return end
    return None


def _end_64(stored: Stored, locator_at: int, plain: _End) -> _End:
    """The end record of zip64: before its locator, or where that says.

    Programs differ in which record they believe, so all must say the same. Raises Unreadable.
    """
    stated = _LOCATOR.unpack(stored.read(locator_at, _LOCATOR.size))[2]
    found: list[_End] = []
    for at in sorted({locator_at - _END_64.size, stated}, reverse=True):
        record = stored.read(at, _END_64.size) if at >= 0 else b""
        if len(record) == _END_64.size and record.startswith(b"PK\x06\x06"):
            _, _, _, _, disk, first_disk, _, count, length, offset = _END_64.unpack(record)
            found.append(_End(disk, first_disk, count, length, offset, at))
    if not found:
        raise Unreadable("its end record is not where it should be")
    if len(found) > 1 or not _agree(plain, found[0]):
        raise Unreadable("its end records contradict each other")
    return found[0]


def _agree(plain: _End, large: _End) -> bool:
    """Whether the plain record says what that of zip64 does, or the largest number, which refers to it."""
    pairs = (
        (plain.disk, large.disk, _MAX_16),
        (plain.first_disk, large.first_disk, _MAX_16),
        (plain.count, large.count, _MAX_16),
        (plain.length, large.length, _MAX_32),
        (plain.offset, large.offset, _MAX_32),
    )
    return all(stated in (most, actual) for stated, actual, most in pairs)


def _members(data: bytes, shift: int) -> Iterator[Member]:
    at = 0
    while at < len(data):
        if not data.startswith(b"PK\x01\x02", at) or at + _ENTRY.size > len(data):
            raise Unreadable("its table of contents is damaged")
        (_, made_by, _, flags, method, _, _, crc, compressed, size, name_bytes, extra_bytes, comment_bytes, _, _,
         attributes, offset) = _ENTRY.unpack_from(data, at)  # fmt: skip
        name_at = at + _ENTRY.size
        raw_name = data[name_at : name_at + name_bytes]
        extra = dict(_extra_fields(data[name_at + name_bytes : name_at + name_bytes + extra_bytes]))
        name, is_guessed = _text(raw_name, flags, extra.get(_UNICODE_PATH, b""))
        size, compressed, offset = _large((size, compressed, offset), extra.get(_ZIP64, b""), name)
        yield Member(
            raw_name, name, is_guessed, made_by, flags, method, crc, compressed, size, attributes, offset + shift
        )
        at = name_at + name_bytes + extra_bytes + comment_bytes
    if at != len(data):
        raise Unreadable("its table of contents is damaged")


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _large(values: tuple[int, int, int], extra: bytes, name: str) -> tuple[int, int, int]:
    """Zip64: values that do not fit into 32 bits stand in an extra field, in this order."""
    found = list(values)
    for index, value in enumerate(values):
        if value == _MAX_32:
            if len(extra) < 8:
                raise Unreadable("its sizes are missing from the table of contents", path=name)
            found[index], extra = int.from_bytes(extra[:8], "little"), extra[8:]
    return found[0], found[1], found[2]


def _text(raw: bytes, flags: int, unicode_path: bytes) -> tuple[str, bool]:
    """The name, and whether it is guessed. Some programs (macOS) write UTF-8 without saying so; Info-ZIP adds it in an
    extra field.
    """
    if len(unicode_path) > 5 and unicode_path[0] == 1 and unicode_path[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        raw, flags = unicode_path[5:], _UTF_8_FLAG
    name = exact_text(raw)
    return (name, False) if flags & _UTF_8_FLAG or is_text(name) else (raw.decode("cp437"), True)
