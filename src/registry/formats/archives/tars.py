"""Entries of a tar, plain or compressed, in one pass.

The standard library's tarfile reads whole extended headers of whatever size they claim, and in the older releases of
Python that are supported here it can be made to loop for ever (CVE-2025-8194). What is needed is little: ustar headers
(POSIX.1-1988), long names of GNU tar, and the paths and sizes of pax headers (POSIX.1-2001).
"""

import io
import zlib
from collections.abc import Iterator
from typing import Protocol

from registry.formats.archives.kinds import BLOCK_BYTES, GZIP_WBITS, is_tar_header
from registry.formats.archives.limits import ArchiveLimits, LimitReached
from registry.formats.archives.members import PIECE_BYTES, Member, MemberKind

_COMPRESSED_CHUNK_BYTES = 256 * 1024
_SKIP_BYTES = 64 * 1024
_MAX_EXTENDED_BYTES = 64 * 1024
_MAX_SIZE = 1 << 62
_MAX_DIGITS = 20
_FILES = (b"0", b"\0", b"7")
_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_LONG_NAME, _PAX, _SPARSE = b"L", b"x", b"S"
_OF_NO_FILE = (b"K", b"g")
"""Long names of link targets, and comments on the whole archive."""


class ForwardReader(Protocol):
    def read(self, length: int) -> bytes:
        """`length` bytes, fewer at the end."""

    def skip(self, length: int) -> None:
        """Pass over `length` bytes."""


class PlainReader:
    """Skips by seeking."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def read(self, length: int) -> bytes:
        return self._file.read(length)

    def skip(self, length: int) -> None:
        self._file.seek(length, io.SEEK_CUR)


class GzipReader:
    """Decompresses as much as is asked for, and not more than `unpacked_bytes` in all. Raises zlib.error."""

    def __init__(self, file: io.BufferedIOBase, *, unpacked_bytes: int) -> None:
        self._file = file
        self._budget = unpacked_bytes
        self._stream = zlib.decompressobj(GZIP_WBITS)
        self._compressed = b""

    def read(self, length: int) -> bytes:
        if length > self._budget:
            raise LimitReached
        data = bytearray()
        while len(data) < length and (piece := self._decompress(length - len(data))):
            data += piece
        self._budget -= len(data)
        return bytes(data)

    def skip(self, length: int) -> None:
        while length > 0 and (skipped := len(self.read(min(length, _SKIP_BYTES)))):
            length -= skipped

    def _decompress(self, length: int) -> bytes:
        """Some bytes, none at the end."""
        while True:
            if self._stream.eof:
                # Files of gzip may be joined; anything else after one is padding.
                self._compressed = self._stream.unused_data or self._file.read(_COMPRESSED_CHUNK_BYTES)
                if not self._compressed.startswith(b"\x1f\x8b"):
                    return b""
                self._stream = zlib.decompressobj(GZIP_WBITS)
            if not self._compressed:
                self._compressed = self._file.read(_COMPRESSED_CHUNK_BYTES)
                if not self._compressed:
                    return b""
            piece = self._stream.decompress(self._compressed, length)
            self._compressed = self._stream.unconsumed_tail
            if piece:
                return piece


class _Content:
    """The data of the entry at hand."""

    def __init__(self, reader: ForwardReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._left = size + -size % BLOCK_BYTES

    def read(self, limit: int) -> bytes | None:
        length = min(limit, self._size)
        data = self._reader.read(length)
        self._left -= len(data)
        return data if len(data) == length else None

    def pieces(self, limit: int) -> Iterator[bytes]:
        wanted = min(limit, self._size)
        while wanted > 0:
            piece = self._reader.read(min(wanted, PIECE_BYTES))
            if not piece:
                raise EOFError("the archive ends within a file")
            wanted -= len(piece)
            self._left -= len(piece)
            yield piece

    def skip(self) -> None:
        self._reader.skip(self._left)


def tar_members(reader: ForwardReader, *, limits: ArchiveLimits) -> Iterator[Member]:
    """The entries up to the end, the first header that makes no sense, or a limit."""
    records: dict[str, str] = {}
    for _ in range(limits.members):
        header = reader.read(BLOCK_BYTES)
        if not is_tar_header(header):
            return
        type_flag = header[156:157]
        size = _size(header, records, type_flag)
        if type_flag == _SPARSE or not 0 <= size < _MAX_SIZE:
            return
        content = _Content(reader, size)
        if type_flag in (_LONG_NAME, _PAX):
            extended = content.read(size) if size <= _MAX_EXTENDED_BYTES else None
            if extended is None:
                return
            records |= _pax_records(extended) if type_flag == _PAX else {"path": _text(extended)}
        elif type_flag not in _OF_NO_FILE:
            path = records.get("path") or _path(header)
            sparse = any(name.startswith("GNU.sparse.") for name in records)
            kind = MemberKind.OTHER if sparse else _kind(type_flag, path)
            yield Member(path, kind, size, content.read, content.pieces)
            records = {}
        content.skip()


def _size(header: bytes, records: dict[str, str], type_flag: bytes) -> int:
    """How many bytes of data follow, -1 where that makes no sense."""
    if type_flag in _WITHOUT_DATA:
        return 0
    if "size" not in records or type_flag in (_LONG_NAME, _PAX, *_OF_NO_FILE):
        return _number(header[124:136])
    stated = records["size"]
    return int(stated) if stated.isdecimal() and len(stated) <= _MAX_DIGITS else -1


def _kind(type_flag: bytes, path: str) -> MemberKind:
    if type_flag == b"5" or (type_flag == b"\0" and path.endswith("/")):
        return MemberKind.FOLDER
    return MemberKind.FILE if type_flag in _FILES else MemberKind.OTHER


def _path(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[257:263] == b"ustar\0" else name


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _number(field: bytes) -> int:
    """Octal digits, or big-endian after a byte 0x80 (GNU tar); -1 for anything else."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.strip(b" \0")
    return -1 if digits.strip(b"01234567") else int(digits or b"0", 8)


def _pax_records(data: bytes) -> dict[str, str]:
    """The records `length key=value\\n`, up to the first that makes no sense."""
    records: dict[str, str] = {}
    while data:
        digits, separator, _ = data[:8].partition(b" ")
        length = int(digits) if separator and digits.isdigit() else 0
        key, equals, value = data[len(digits) + 1 : length - 1].partition(b"=")
        if not len(digits) + 1 < length <= len(data) or not equals:
            break
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        data = data[length:]
    return records
