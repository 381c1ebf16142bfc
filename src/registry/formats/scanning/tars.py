"""Reads every file in a tar, plain or compressed, in one pass. Damage does not end it: the next valid header does.

Headers: POSIX.1-1988 (ustar), POSIX.1-2001 (pax), GNU tar's long names and sparse files.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.formats.archives.kinds import BLOCK_BYTES, is_tar_header
from registry.formats.scanning.names import odd_name
from registry.formats.scanning.sources import PIECE_BYTES, Source
from registry.formats.scanning.unpacking import Unpacker, spooled
from registry.formats.scanning.walk import Walk

_FILES = (b"0", b"\0", b"7", b"S")
_EXTENDED = (b"L", b"x", b"g", b"K")
_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_MAX_EXTENDED_BYTES = 1024 * 1024
_MAX_SIZE = 1 << 62
_SPARSE = "GNU.sparse."


class PlainStream:
    """A tar that is not compressed: files are parts of it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self.problem: str | None = None

    def read(self, length: int) -> bytes:
        data = self._source.read(self._at, length)
        self._at += len(data)
        return data

    @contextmanager
    def take(self, length: int, _walk: Walk) -> Iterator[Source]:
        """The next `length` bytes, as a source for as long as the context lasts."""
        part = self._source.part(self._at, self._at + length)
        self._at += length
        yield part

    def skip(self, length: int) -> None:
        self._at += length


class PackedStream:
    """A compressed tar: each file is unpacked for itself, and only in the tar's order."""

    def __init__(self, unpacker: Unpacker) -> None:
        self._unpacker = unpacker
        self._pieces = unpacker.pieces()
        self._buffer = b""

    @property
    def problem(self) -> str | None:
        return self._unpacker.problem

    def read(self, length: int) -> bytes:
        return b"".join(self._read(length))

    @contextmanager
    def take(self, length: int, walk: Walk) -> Iterator[Source]:
        """The next `length` bytes, as a source for as long as the context lasts."""
        kept = min(length, walk.limits.file_bytes)
        with spooled(self._read(kept), limit=kept, memory=walk.limits.spool_bytes) as unpacked:
            self.skip(length - kept)
            walk.spend(length)
            yield unpacked.source

    def skip(self, length: int) -> None:
        for _ in self._read(length):
            pass

    def _read(self, length: int) -> Iterator[bytes]:
        while length > 0:
            if not self._buffer:
                self._buffer = next(self._pieces, b"")
                if not self._buffer:
                    return
            piece, self._buffer = self._buffer[:length], self._buffer[length:]
            length -= len(piece)
            yield piece


def scan_tar(walk: Walk, stream: PlainStream | PackedStream, *, prefix: str, depth: int) -> None:
    """Scan the files of a tar. `prefix` comes before their names in paths."""
    _Tar(walk, stream, prefix, depth).scan()


class _Tar:
    def __init__(self, walk: Walk, stream: PlainStream | PackedStream, prefix: str, depth: int) -> None:
        self._walk = walk
        self._stream = stream
        self._prefix = prefix
        self._depth = depth
        self._overall: dict[str, str] = {}
        self._records: dict[str, str] = {}

    def scan(self) -> None:
        loose = bytearray()
        found = False
        while header := self._stream.read(BLOCK_BYTES):
            if is_tar_header(header):
                self._flush(loose)
                self._entry(header)
            elif any(header):
                found = True
                loose += header
                if len(loose) >= PIECE_BYTES:
                    self._flush(loose)
        self._flush(loose)
        if found:
            self._miss("it holds bytes that belong to no file")
        if self._stream.problem:
            self._miss(self._stream.problem)

    def _flush(self, loose: bytearray) -> None:
        if loose:
            self._walk.scan_loose_bytes(self._walk.container(self._prefix), bytes(loose))
            loose.clear()

    def _entry(self, header: bytes) -> None:
        kind = header[156:157]
        size = _size(header, self._overall | self._records, kind)
        if not 0 <= size < _MAX_SIZE:
            self._miss("a header has no plain size")
            self._records = {}
        elif kind in _EXTENDED:
            self._extended(kind, size)
        else:
            if kind == b"S":
                _skip_sparse_map(self._stream, header)
            self._file(header, self._overall | self._records, size)
            self._records = {}

    def _extended(self, kind: bytes, size: int) -> None:
        """Long names, and what pax says of the next file or of all."""
        if size > _MAX_EXTENDED_BYTES:
            self._miss("an extended header is too large")
            self._stream.skip(size + -size % BLOCK_BYTES)
            return
        data = self._stream.read(size + -size % BLOCK_BYTES)[:size]
        if kind == b"g":
            self._overall |= _pax_records(data)
        elif kind == b"x":
            self._records |= _pax_records(data)
        elif kind == b"L":
            self._records["path"] = _text(data)

    def _file(self, header: bytes, records: dict[str, str], size: int) -> None:
        kind = header[156:157]
        name = records.get("path") or _path(header)
        path = self._prefix + name
        padding = -size % BLOCK_BYTES
        if kind in _WITHOUT_DATA or (name.endswith("/") and not size):
            self._stream.skip(size + padding)
            return
        for problem in _problems(kind, name, records):
            self._walk.collector.miss(path, problem)
        if not self._walk.admits(path, size):
            self._stream.skip(size + padding)
            return
        with self._stream.take(size, self._walk) as content:
            if content.size < size:
                self._walk.collector.miss(path, "the archive ends within it")
            self._walk.scan_file(path, content, depth=self._depth)
        self._stream.skip(padding)

    def _miss(self, reason: str) -> None:
        self._walk.collector.miss(self._walk.container(self._prefix), reason)


def _problems(kind: bytes, name: str, records: dict[str, str]) -> Iterator[str]:
    if problem := odd_name(name.removeprefix("./")):
        yield problem
    if kind == b"S" or _SPARSE in records:
        yield "a sparse file: only its stored parts are read"
    elif kind not in _FILES:
        yield "an entry of unknown type"


def _skip_sparse_map(stream: PlainStream | PackedStream, header: bytes) -> None:
    """GNU tar's old form continues the map of a sparse file in blocks after the header."""
    more = header[482]
    while more:
        block = stream.read(BLOCK_BYTES)
        more = block[504] if len(block) == BLOCK_BYTES else 0


def _size(header: bytes, records: dict[str, str], kind: bytes) -> int:
    """How many bytes of data follow, -1 where that makes no sense."""
    if kind in _WITHOUT_DATA:
        return 0
    stated = records.get("size") if kind not in _EXTENDED else None
    if stated is not None:
        return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 20 else -1
    return _number(header[124:136])


def _number(field: bytes) -> int:
    """Octal digits, or big-endian after a byte 0x80 (GNU tar); -1 for anything else."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.replace(b"\0", b" ").strip()
    return -1 if digits.strip(b"01234567") else int(digits or b"0", 8)


def _path(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[257:263] == b"ustar\0" else name


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _pax_records(data: bytes) -> dict[str, str]:
    """The records `length key=value\\n`, up to the first that makes no sense."""
    records: dict[str, str] = {}
    at = 0
    while at < len(data):
        digits, separator, _ = data[at : at + 8].partition(b" ")
        length = int(digits) if separator and digits.isdigit() else 0
        key, equals, value = data[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not len(digits) + 1 < length <= len(data) - at or not equals:
            break
        name = key.decode("utf-8", "replace")
        if name in ("path", "size"):
            records[name] = value.decode("utf-8", "replace")
        elif name.startswith(_SPARSE):
            records[_SPARSE] = ""
        at += length
    return records
