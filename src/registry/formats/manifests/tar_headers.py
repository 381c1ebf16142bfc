"""Headers of tars: POSIX.1-1988 (ustar), POSIX.1-2001 (pax), GNU tar. Pure; nothing is believed."""

from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.archives.kinds import BLOCK_BYTES
from registry.formats.manifests.paths import exact_text
from registry.formats.manifests.problems import Unreadable

_MAX_SIZE = 1 << 62
_MAX_RUNS = 100_000
EXTENDED = b"LKxXg"
WITHOUT_FILE = b"123456VDN"
"""Links, devices, folders, names of volumes, listings of folders."""
WITHOUT_DATA = b"123456"
OVERALL = b"g"
CONTINUED = b"M"
SPARSE = b"S"


@dataclass(frozen=True, slots=True)
class Header:
    """One header: `kind` is the type flag, `size` how many bytes of data follow."""

    block: bytes
    kind: bytes
    name: str
    size: int

    @property
    def padding(self) -> int:
        return -self.size % BLOCK_BYTES


def parse_header(block: bytes, records: dict[str, str]) -> Header:
    """The header with what pax says of it. Raises Unreadable."""
    kind = block[156:157]
    extended = kind in EXTENDED
    name = _name(block) if extended else records.get("GNU.sparse.name") or records.get("path") or _name(block)
    if kind in (b"\0", b"0") and name.endswith("/"):
        kind = b"5"  # a folder, before there was a type for it
    stated = None if extended else records.get("size")
    size = number(block[124:136]) if stated is None else decimal(stated)
    if kind in WITHOUT_DATA:
        size = 0
    if not 0 <= size < _MAX_SIZE:
        raise Unreadable("its header has no plain size", path=name)
    return Header(block, kind, name, size)


def number(field: bytes) -> int:
    """Octal digits, or big-endian after a byte 0x80 (GNU tar); -1 for anything else."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.replace(b"\0", b" ").strip()
    return -1 if digits.strip(b"01234567") else int(digits or b"0", 8)


def decimal(text: str) -> int:
    """Decimal digits; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else -1


def text_of(field: bytes) -> str:
    """Text up to the first NUL."""
    return exact_text(field.split(b"\0", 1)[0])


def pax_records(data: bytes) -> dict[str, str]:
    """The records `length key=value\\n`. Raises Unreadable. The maps of sparse files are joined into one record."""
    records: dict[str, str] = {}
    sparse: list[str] = []
    for key, value in _records(data):
        if key in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
            sparse.append(value)
        else:
            records[key] = value
    if sparse:
        records["GNU.sparse.map"] = ",".join(sparse)
    return records


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(data) and data[at]:
        digits, separator, _ = data[at : at + 20].partition(b" ")
        length = int(digits) if separator and digits.isdigit() else 0
        key, equals, value = data[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not len(digits) + 1 < length <= len(data) - at or not equals or data[at + length - 1] != 0x0A:
            raise Unreadable("an extended header of it is damaged")
        yield exact_text(key), exact_text(value)
        at += length


Spans = list[tuple[int, int]]
"""The parts of a sparse file that hold data: (position in the file, length)."""


def old_gnu_spans(block: bytes, first: int, count: int) -> Spans:
    """The entries of a sparse map that a header (at 386, four) or an extension of it (at 0, 21) holds."""
    found = []
    for place in range(first, first + 24 * count, 24):
        if not block[place]:
            break
        found.append((number(block[place : place + 12]), number(block[place + 12 : place + 24])))
    return found


def text_spans(numbers: list[str], path: str) -> Spans:
    """Pairs of decimal numbers. Raises Unreadable."""
    values = [decimal(text) for text in numbers]
    if len(values) % 2 or len(values) > 2 * _MAX_RUNS:
        raise Unreadable("its map of holes is damaged", path=path)
    return list(zip(values[::2], values[1::2], strict=True))


def check_spans(spans: Spans, *, stored: int, size: int, path: str) -> None:
    """They are in order, inside the file, and as long together as what is stored. Raises Unreadable."""
    if not 0 <= size < _MAX_SIZE:
        raise Unreadable("its map of holes is damaged", path=path)
    end = 0
    for at, length in spans:
        if at < end or length < 0 or at + length > size:
            raise Unreadable("its map of holes is damaged", path=path)
        end = at + length
    if sum(length for _, length in spans) != stored:
        raise Unreadable("its map of holes does not fit its data", path=path)


def _name(block: bytes) -> str:
    name, prefix = text_of(block[:100]), text_of(block[345:500])
    return f"{prefix}/{name}" if prefix and block[257:263] == b"ustar\0" else name
