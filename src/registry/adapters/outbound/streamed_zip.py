"""Writing a zip as a stream, one file after the other, so that it depends on nothing but names and bytes.

By APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT): entries are stored, not compressed
(models do not shrink, and the bytes stay addressable), their CRCs follow in data descriptors, times are 1980-01-01.
The standard library's writer is not used, since its bytes differ between Python's versions.
"""

import struct
import zlib
from dataclasses import dataclass

_ZIP64_FROM = 0xFFFF_FFFF
_MOST_SHORT_ENTRIES = 0xFFFF
_FLAGS = 0x0808  # CRC and sizes follow the data; names are UTF-8
_DATE = 0x0021  # 1980-01-01
_UNIX_FILE = 0o100644 << 16
_LOCAL_SIZES = struct.pack("<QQ", 0, 0)


@dataclass(frozen=True, slots=True)
class _Written:
    name: bytes
    size: int
    crc: int
    offset: int


class StreamedZip:
    """Every method returns the next bytes of the zip; the data itself goes between `begin` and `end` as it is."""

    def __init__(self, *, comment: str = "", zip64_from: int = _ZIP64_FROM) -> None:
        """`zip64_from`: the size or offset from which the 64-bit forms are used (a smaller one is as valid)."""
        self._comment = comment.encode()
        self._zip64_from = zip64_from
        self._entries: list[_Written] = []
        self._offset = 0
        self._open: _Written | None = None
        self._crc = 0

    def begin(self, name: str, size: int) -> bytes:
        """Announce a file of `size` bytes."""
        encoded = name.encode()
        self._open, self._crc = _Written(encoded, size, 0, self._offset), 0
        large = size >= self._zip64_from
        sizes = _ZIP64_FROM if large else 0
        extra = _extra(_LOCAL_SIZES) if large else b""
        fields = (_version(large), _FLAGS, 0, 0, _DATE, 0, sizes, sizes, len(encoded), len(extra))
        header = b"PK\x03\x04" + struct.pack("<HHHHHLLLHH", *fields) + encoded + extra
        self._offset += len(header) + size
        return header

    def add(self, chunk: bytes) -> None:
        """Take a piece of the file's data into account."""
        self._crc = zlib.crc32(chunk, self._crc)

    def end(self) -> bytes:
        """Close the file, whose data must have had the size announced."""
        if self._open is None:
            raise RuntimeError("no file was begun")
        entry = _Written(self._open.name, self._open.size, self._crc, self._open.offset)
        self._entries.append(entry)
        self._open = None
        form = "<LQQ" if entry.size >= self._zip64_from else "<LLL"
        descriptor = b"PK\x07\x08" + struct.pack(form, entry.crc, entry.size, entry.size)
        self._offset += len(descriptor)
        return descriptor

    def finish(self) -> bytes:
        """The directory, which ends the zip."""
        directory = b"".join(map(self._directory_entry, self._entries))
        count, size, offset = len(self._entries), len(directory), self._offset
        end64 = b""
        if count >= _MOST_SHORT_ENTRIES or size >= self._zip64_from or offset >= self._zip64_from:
            record = struct.pack("<QHHLLQQQQ", 44, 0x032D, 45, 0, 0, count, count, size, offset)
            locator = struct.pack("<LQL", 0, offset + size, 1)
            end64 = b"PK\x06\x06" + record + b"PK\x06\x07" + locator
            count, size, offset = _MOST_SHORT_ENTRIES, _ZIP64_FROM, _ZIP64_FROM
        end = struct.pack("<HHHHLLH", 0, 0, count, count, size, offset, len(self._comment))
        return directory + end64 + b"PK\x05\x06" + end + self._comment

    def _directory_entry(self, entry: _Written) -> bytes:
        large, far = entry.size >= self._zip64_from, entry.offset >= self._zip64_from
        wide = struct.pack("<QQ", entry.size, entry.size) if large else b""
        wide += struct.pack("<Q", entry.offset) if far else b""
        extra = _extra(wide) if wide else b""
        size = _ZIP64_FROM if large else entry.size
        offset = _ZIP64_FROM if far else entry.offset
        version = _version(large or far)
        made_by = 0x0300 | version  # Unix, for the file mode
        fields = (made_by, version, _FLAGS, 0, 0, _DATE, entry.crc, size, size, len(entry.name), len(extra))
        numbers = struct.pack("<HHHHHHLLLHHHHHLL", *fields, 0, 0, 0, _UNIX_FILE, offset)
        return b"PK\x01\x02" + numbers + entry.name + extra


def _version(zip64: bool) -> int:  # noqa: FBT001 – one private question
    return 45 if zip64 else 20


def _extra(wide: bytes) -> bytes:
    return struct.pack("<HH", 1, len(wide)) + wide
