"""Reads every file in a zip, and the bytes that belong to none."""

import lzma
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from registry.formats.scanning.kinds import Kind
from registry.formats.scanning.names import odd_name
from registry.formats.scanning.sources import Source
from registry.formats.scanning.unpacking import MAKERS, Decompressor, Inflate, Maker, Unpacker, brought_near, spooled
from registry.formats.scanning.walk import Walk
from registry.formats.scanning.zip_directory import LOCAL_MAGIC, Entry, LocalHeader, local_header, read_directory

_STORED, _DEFLATED, _LZMA = 0, 8, 14
_STREAMS = {12: Kind.BZIP2, 93: Kind.ZSTD, 95: Kind.XZ}
_ENCRYPTED = 0x1 | 0x40
_OTHER_METHODS = {9: "Deflate64", 98: "PPMd", 99: "AES encryption"}
_MIN_GAP = 4
_DESCRIPTOR_BYTES = 24


@dataclass(slots=True)
class _Read:
    """What became of an entry: where its data ended, and why it could not be read completely."""

    end: int
    problem: str | None = None


def scan_zip(walk: Walk, source: Source, *, prefix: str, depth: int) -> bool:
    """Scan the files of a zip; False where it is none. `prefix` comes before their names in paths."""
    directory = read_directory(source, most=walk.limits.files)
    if not directory.entries and not source.head.startswith(LOCAL_MAGIC):
        return False
    for problem in directory.problems:
        walk.collector.miss(walk.container(prefix), problem)
    used: list[tuple[int, int]] = []
    for entry in sorted(directory.entries, key=lambda entry: entry.offset):
        header = local_header(source, entry.offset)
        if header is None:
            walk.collector.miss(prefix + entry.name, "its data are not where the table of contents says")
            continue
        if used and entry.offset < used[-1][1]:
            same = entry.offset == used[-1][0]
            reason = "its data are another file's, too" if same else "its data overlap another file's"
            walk.collector.miss(prefix + entry.name, reason)
            if same:
                continue
        end = _scan_entry(walk, source, entry, header, prefix=prefix, depth=depth)
        used.append((entry.offset, max(end, used[-1][1] if used else 0)))
    for start, end in directory.places:
        walk.scan_loose(walk.container(prefix), source.part(start, end))
    for start, end in _gaps(sorted([*used, *directory.places]), source.size):
        _scan_gap(walk, source, start, end, prefix=prefix, depth=depth)
    return True


def _scan_entry(walk: Walk, source: Source, entry: Entry, header: LocalHeader, *, prefix: str, depth: int) -> int:
    """Scan one file; gives where its data ended."""
    path = prefix + entry.name
    local = header.entry
    if entry.name.endswith("/") and not entry.size:
        return header.data
    if problem := odd_name(entry.name):
        walk.collector.miss(path, problem)
    if local.name != entry.name and local.name.encode("cp437", "replace") != entry.name.encode("cp437", "replace"):
        walk.collector.miss(path, "its two headers give it different names")
    end = _scan_data(walk, source, entry, header.data, path=path, depth=depth)
    if local.method != entry.method:
        walk.collector.miss(path, "its two headers name different compressions")
        end = max(end, _scan_data(walk, source, local, header.data, path=path, depth=depth))
    elif local.packed is not None and (local.packed, local.size) != (entry.packed, entry.size):
        walk.collector.miss(path, "its two headers give it different sizes")
        end = max(end, _scan_data(walk, source, local, header.data, path=path, depth=depth))
    return end


def _scan_data(walk: Walk, source: Source, entry: Entry, data: int, *, path: str, depth: int) -> int:
    if entry.flags & _ENCRYPTED:
        walk.collector.miss(path, "encrypted")
        return data + (entry.packed or 0)
    if entry.method not in (_STORED, _DEFLATED, _LZMA, *_STREAMS):
        name = _OTHER_METHODS.get(entry.method, f"method {entry.method}")
        walk.collector.miss(path, f"compressed with {name}, which has no reader here")
        return data + (entry.packed or 0)
    if not walk.admits(path, entry.size or 0):
        return data + (entry.packed or 0)
    read = _Read(data)
    with _opened(walk, source, entry, data, read) as content:
        if read.problem:
            walk.collector.miss(path, read.problem)
        walk.scan_file(path, content, depth=depth)
    return read.end


@contextmanager
def _opened(walk: Walk, source: Source, entry: Entry, data: int, read: _Read) -> Iterator[Source]:
    """The entry's bytes, as many as can be had."""
    packed = source.size - data if entry.packed is None else entry.packed
    part = source.part(data, data + packed)
    if entry.method == _STORED:
        read.end = data + part.size
        with brought_near(part, memory=walk.limits.spool_bytes) as near:
            if part.size < packed or (entry.size is not None and entry.size != packed):
                read.problem = "its size is not as its header says"
            elif _crc(near) != entry.crc:
                read.problem = "bad checksum"
            yield near
        return
    maker = _maker(entry, part)
    if maker is None:
        read.problem = "its compressed data are damaged"
        yield part
        return
    skip = _lzma_header(part) if entry.method == _LZMA else 0
    unpacker = Unpacker(part.part(skip, part.size), maker, joined=False)
    with spooled(unpacker.pieces(), limit=walk.limits.file_bytes, memory=walk.limits.spool_bytes) as unpacked:
        read.end = data + (unpacker.used if entry.packed is None else part.size)
        if unpacked.cut:
            read.problem = walk.too_large()
        elif unpacker.problem:
            read.problem = unpacker.problem
        elif entry.size is not None and unpacked.crc != entry.crc:
            read.problem = "bad checksum"
        elif entry.size is not None and unpacked.source.size != entry.size:
            read.problem = "its size is not as its header says"
        walk.spend(unpacked.source.size)
        yield unpacked.source


def _maker(entry: Entry, part: Source) -> Maker | None:
    if entry.method == _DEFLATED:
        return lambda: Inflate(-15)
    if kind := _STREAMS.get(entry.method):
        return MAKERS[kind]
    properties = part.read(4, 5)
    if len(properties) < 5 or properties[0] >= 225:
        return None
    packed, size = struct.unpack("<BL", properties)
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": min(max(size, 4096), 256 * 1024 * 1024),
            "lc": packed % 9,
            "lp": packed // 9 % 5,
            "pb": packed // 45,
        }
    ]

    def make() -> Decompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)

    return make


def _lzma_header(part: Source) -> int:
    return 4 + int.from_bytes(part.read(2, 2), "little")


def _crc(source: Source) -> int:
    crc = 0
    for _, piece in source.pieces():
        crc = zlib.crc32(piece, crc)
    return crc


def _gaps(used: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in used:
        if start - at >= _MIN_GAP:
            yield at, start
        at = max(at, end)
    if size - at >= _MIN_GAP:
        yield at, size


def _scan_gap(walk: Walk, source: Source, start: int, end: int, *, prefix: str, depth: int) -> None:
    """Files that the table of contents does not name, and what else lies between files."""
    at = start
    while (found := _find_local(source, at, end)) is not None:
        _scan_rest(walk, source, at, found, prefix=prefix)
        header = local_header(source, found)
        if header is None:
            at = found + 4
            continue
        path = prefix + header.entry.name
        walk.collector.miss(path, "the table of contents does not name it")
        read_to = _scan_entry(walk, source, header.entry, header, prefix=prefix, depth=depth)
        at = max(min(read_to, end), header.data)
    _scan_rest(walk, source, at, end, prefix=prefix)


def _scan_rest(walk: Walk, source: Source, start: int, end: int, *, prefix: str) -> None:
    if end - start <= _DESCRIPTOR_BYTES and (end - start < _MIN_GAP or source.read(start, 4) == b"PK\x07\x08"):
        return
    walk.scan_loose(walk.container(prefix), source.part(start, end))


def _find_local(source: Source, start: int, end: int) -> int | None:
    for offset, data in source.part(start, end).pieces(overlap=3):
        if (at := data.find(LOCAL_MAGIC)) >= 0:
            return start + offset + at
    return None
