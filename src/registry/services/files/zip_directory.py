"""The table of contents of a stored zip, read by ranges and checked before anything is served by it (APPNOTE 6.3.10).

It is kept as the bytes that it is, 8 MiB at most; an entry is decoded when it is wanted. So a zip of 80,000 files costs
as much memory as its directory, and one of 2 GiB in ten files next to nothing.
"""

import asyncio
import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.domain.errors import ArchiveUnreadable
from registry.formats.archives.limits import MIB
from registry.formats.archives.members import safe_parts
from registry.ports.blobs import BlobStore

MAX_DIRECTORY_BYTES = 8 * MIB
STORED, DEFLATED = 0, 8
ENCRYPTED_FLAG, UTF_8_FLAG = 0x1, 0x800
LOCAL_HEADER_BYTES = 30
_MAX_32, _MAX_16 = 0xFFFF_FFFF, 0xFFFF
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LONGEST_END_BYTES = _END.size + _MAX_16 + _LOCATOR.size
_MOST_INFLATED = 1040
"""Deflate makes no byte into more than 1,032."""


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A member as the directory describes it. `name` is as it stands there, `path` the same as text."""

    name: bytes
    path: str
    made_by: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed_size: int
    size: int
    attributes: int
    header_offset: int
    extra_bytes: int

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


class ZipDirectory:
    """The entries of a zip, in its order. Made by `read_directory`, which has checked them."""

    def __init__(self, data: bytes, positions: "array[int]", shift: int) -> None:
        self._data = data
        self._positions = positions
        self._shift = shift

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, index: int) -> ZipEntry:
        return _decoded(self._data, self._positions[index], self._shift)

    def chosen(self, indexes: Iterable[int]) -> "ZipDirectory":
        """The same bytes, with these entries only."""
        return ZipDirectory(self._data, array("L", (self._positions[index] for index in indexes)), self._shift)

    def __iter__(self) -> Iterator[ZipEntry]:
        return (_decoded(self._data, position, self._shift) for position in self._positions)


async def read_directory(blobs: BlobStore, key: str, *, size: int) -> ZipDirectory:
    """The directory of the zip under `key`, which has `size` bytes. Raises ArchiveUnreadable, saying why."""
    tail_offset = max(0, size - _LONGEST_END_BYTES)
    tail = await read_bytes(blobs, key, tail_offset, size - tail_offset)
    position = _find_end(tail)
    _, disk, first_disk, _, count, length, offset, _ = _END.unpack_from(tail, position)
    ends_at = tail_offset + position
    if position >= _LOCATOR.size and tail.startswith(b"PK\x06\x07", position - _LOCATOR.size):
        ends_at = _LOCATOR.unpack_from(tail, position - _LOCATOR.size)[2]
        if ends_at + _END_64.size > size:
            raise ArchiveUnreadable("its end record lies outside")
        end = await read_bytes(blobs, key, ends_at, _END_64.size)
        magic, _, _, _, disk, first_disk, _, count, length, offset = _END_64.unpack(end)
        if magic != b"PK\x06\x06":
            raise ArchiveUnreadable("its end record is not where it should be")
    if disk or first_disk:
        raise ArchiveUnreadable("it is one of several volumes")
    if length > MAX_DIRECTORY_BYTES:
        raise ArchiveUnreadable(f"its table of contents is larger than {MAX_DIRECTORY_BYTES // MIB} MiB")
    starts_at = ends_at - length
    # Something may stand before the archive (a program that unpacks it): all offsets count from behind that.
    shift = starts_at - offset
    if starts_at < 0 or shift < 0:
        raise ArchiveUnreadable("its table of contents is not where it should be")
    data = await read_bytes(blobs, key, starts_at, length)
    # 80,000 entries take 0.5 s.
    return await asyncio.to_thread(_checked, data, count, shift, starts_at)


def _checked(data: bytes, count: int, shift: int, end: int) -> ZipDirectory:
    positions = _positions(data, count)
    _check_names(data, positions)
    _check_places(data, positions, shift=shift, end=end)
    return ZipDirectory(data, positions, shift)


async def read_bytes(blobs: BlobStore, key: str, offset: int, length: int) -> bytes:
    async with blobs.read(key, offset=offset, length=length) as chunks:
        return b"".join([chunk async for chunk in chunks])


def _find_end(tail: bytes) -> int:
    before = len(tail)
    while (position := tail.rfind(b"PK\x05\x06", 0, before)) >= 0:
        left = len(tail) - position - _END.size
        if left >= 0 and _END.unpack_from(tail, position)[7] <= left:
            return position
        before = position + 3
    raise ArchiveUnreadable("it is no zip")


def _positions(data: bytes, count: int) -> "array[int]":
    positions = array("L")
    position = 0
    while position < len(data):
        if not data.startswith(b"PK\x01\x02", position) or position + _ENTRY.size > len(data):
            raise ArchiveUnreadable("its table of contents is damaged")
        positions.append(position)
        name, extra, comment = struct.unpack_from("<3H", data, position + 28)
        position += _ENTRY.size + name + extra + comment
    if position != len(data) or len(positions) != count:
        raise ArchiveUnreadable("its table of contents is damaged")
    return positions


def _decoded(data: bytes, position: int, shift: int) -> ZipEntry:
    (_, made_by, _, flags, method, time, date, crc, compressed, size, name_bytes, extra_bytes, _, _, _, attributes,
     offset) = _ENTRY.unpack_from(data, position)  # fmt: skip
    name = data[position + _ENTRY.size : position + _ENTRY.size + name_bytes]
    if _MAX_32 in (compressed, size, offset):
        start = position + _ENTRY.size + name_bytes
        values = _zip64_values(data[start : start + extra_bytes])
        size = next(values) if size == _MAX_32 else size
        compressed = next(values) if compressed == _MAX_32 else compressed
        offset = next(values) if offset == _MAX_32 else offset
    return ZipEntry(
        name=name,
        path=name.decode("utf-8" if flags & UTF_8_FLAG else "cp437", "replace"),
        made_by=made_by,
        flags=flags,
        method=method,
        time=time,
        date=date,
        crc=crc,
        compressed_size=compressed,
        size=size,
        attributes=attributes,
        header_offset=offset + shift,
        extra_bytes=extra_bytes,
    )


def _zip64_values(extra: bytes) -> Iterator[int]:
    """The 64-bit values of an extra field, in their order."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            values = extra[position + 4 : position + 4 + length]
            for place in range(0, len(values) - 7, 8):
                yield int.from_bytes(values[place : place + 8], "little")
            break
        position += 4 + length
    raise ArchiveUnreadable("sizes are missing from its table of contents")


def _check_names(data: bytes, positions: "array[int]") -> None:
    seen: set[str] = set()
    for position in positions:
        entry = _decoded(data, position, 0)
        if "\0" in entry.path or safe_parts(entry.path) is None:
            raise ArchiveUnreadable(f"it holds a path that no honest tool writes: {entry.path[:100]!r}")
        if entry.path in seen:
            raise ArchiveUnreadable(f"it holds two files with one path: {entry.path[:100]!r}")
        seen.add(entry.path)


def _check_places(data: bytes, positions: "array[int]", *, shift: int, end: int) -> None:
    """Members that share bytes, or lie outside, make large things of small ones."""
    places = []
    for position in positions:
        entry = _decoded(data, position, shift)
        if entry.method == STORED and entry.compressed_size != entry.size and not entry.flags & ENCRYPTED_FLAG:
            raise ArchiveUnreadable(f"the sizes of {entry.path[:100]!r} contradict each other")
        if entry.method == DEFLATED and entry.size > _MOST_INFLATED * (entry.compressed_size + 1):
            raise ArchiveUnreadable(f"{entry.path[:100]!r} claims to be larger than it can be")
        start = entry.header_offset
        places.append((start, start + LOCAL_HEADER_BYTES + len(entry.name) + entry.compressed_size))
    places.sort()
    behind = 0
    for start, stop in places:
        if start < behind:
            raise ArchiveUnreadable("files in it overlap")
        behind = stop
    if behind > end:
        raise ArchiveUnreadable("a file in it reaches beyond its end")
