"""A manifest: its files as lines of text in the order of their paths.

    {"format":1,"container":"zip","files":2,"bytes":5000012}
    config.json	12	<sha256>	<crc32>	code	14	d41+14
    model.bin	5000000	<sha256>	<crc32>	weights	5000000	s97+5000000

The columns, separated by tabs: path, size, SHA-256, CRC-32, part, compressed size (each `-` where there is none),
place. No path holds a control character, so there is nothing to escape. Bytes of UTF-8 have the order of code points,
so a file is found by halving; the text is never decoded as a whole.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.formats.archives.roles import Role, role_of

FORMAT = 1
SINGLE = "file"
"""The container of a content that is no archive."""


class Packing(StrEnum):
    """How the bytes of a file lie in the content.

    STORED: as they are. DEFLATE, BZIP2, LZMA: as the data of a zip member. STREAM: in the unpacked content, a tar.
    """

    STORED = "s"
    DEFLATE = "d"
    BZIP2 = "b"
    LZMA = "l"
    STREAM = "t"


@dataclass(frozen=True, slots=True)
class Run:
    """`length` bytes of a file, from its byte `at` on: they are at `offset` in the content (or its unpacked stream)."""

    at: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file's bytes are: `runs` in order. One run of compressed bytes for a compressed zip member; several, and
    zeros between them, for a sparse file.
    """

    packing: Packing
    runs: tuple[Run, ...]

    def __str__(self) -> str:
        return self.packing.value + ",".join(
            (f"{run.at}:" if run.at or len(self.runs) > 1 else "") + f"{run.offset}+{run.length}" for run in self.runs
        )

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Raises ValueError."""
        return cls(Packing(text[:1]), tuple(_run(part) for part in text[1:].split(",") if part))


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a package.

    `compressed_size` is None where it has none of its own (in tars), `crc32` where nobody has computed it.
    """

    path: str
    size: int
    sha256: str
    crc32: int | None
    part: Role | None
    compressed_size: int | None
    place: Place

    def line(self) -> str:
        """Its line in a manifest, without the end of line."""
        packed = "-" if self.compressed_size is None else str(self.compressed_size)
        part = self.part.value if self.part else "-"
        crc32 = "-" if self.crc32 is None else f"{self.crc32:08x}"
        return "\t".join((self.path, str(self.size), self.sha256, crc32, part, packed, str(self.place)))

    @classmethod
    def parse(cls, line: str) -> "FileEntry":
        """Raises ValueError."""
        path, size, sha256, crc32, part, packed, place = line.split("\t")
        return cls(
            path,
            int(size),
            sha256,
            None if crc32 == "-" else int(crc32, 16),
            None if part == "-" else Role(part),
            None if packed == "-" else int(packed),
            Place.parse(place),
        )


class Manifest:
    """The files of one content. Immutable; holds the text as it was stored."""

    def __init__(self, data: bytes) -> None:
        """Raises ValueError for what is no manifest."""
        head, newline, _ = data.partition(b"\n")
        header: dict[str, Any] = json.loads(head)
        if header.get("format") != FORMAT or not newline:
            raise ValueError("not a manifest of this format")
        self._data = data
        self._start = len(head) + 1
        self.container: str = header["container"]
        self.files: int = header["files"]
        self.bytes: int = header["bytes"]

    @property
    def held_bytes(self) -> int:
        """How much memory it takes."""
        return len(self._data)

    def find(self, path: str) -> FileEntry | None:
        """The file with exactly this path."""
        wanted = path.encode("utf-8", "replace")
        at = self._seek(wanted)
        line = self._line(at)
        return FileEntry.parse(line.decode()) if line.startswith(wanted + b"\t") else None

    def list_page(
        self, *, prefix: str = "", after: str | None = None, limit: int
    ) -> tuple[list[FileEntry], str | None]:
        """The next files whose path begins with `prefix`, and the path after which the next page starts, if any."""
        found: list[FileEntry] = []
        for entry in self.entries(prefix=prefix, after=after):
            if len(found) == limit:
                return found, found[-1].path
            found.append(entry)
        return found, None

    def entries(self, *, prefix: str = "", after: str | None = None) -> Iterator[FileEntry]:
        """The files whose path begins with `prefix` and comes after `after`, in order."""
        wanted = prefix.encode("utf-8", "replace")
        start = self._seek(wanted)
        if after is not None:
            start = max(start, self._seek(after.encode("utf-8", "replace") + b"\0"))
        while (line := self._line(start)) and line.startswith(wanted):
            yield FileEntry.parse(line.decode())
            start += len(line) + 1

    def _seek(self, wanted: bytes) -> int:
        """Where the first line is whose path is `wanted` or comes after it."""
        low, high = self._start, len(self._data)
        while low < high:
            middle = max(low, self._data.rfind(b"\n", self._start - 1, (low + high) // 2) + 1)
            end = self._data.index(b"\n", middle) + 1
            if self._data[middle : self._data.index(b"\t", middle)] < wanted:
                low = end
            else:
                high = middle
        return low

    def _line(self, at: int) -> bytes:
        """The line that begins there, without its end; empty at the end."""
        return self._data[at : self._data.index(b"\n", at)] if at < len(self._data) else b""


def single_entry(path: str, *, size: int, sha256: str, crc32: int | None = None) -> FileEntry:
    """The entry of a content that is no archive."""
    return FileEntry(path, size, sha256, crc32, role_of(path), size, Place(Packing.STORED, (Run(0, 0, size),)))


def encode_manifest(container: str, entries: Iterable[FileEntry]) -> str:
    """The text of a manifest. No two entries have one path."""
    ordered = sorted(entries, key=lambda entry: entry.path)
    header = {
        "format": FORMAT,
        "container": container,
        "files": len(ordered),
        "bytes": sum(entry.size for entry in ordered),
    }
    return "\n".join((json.dumps(header, separators=(",", ":")), *(entry.line() for entry in ordered), ""))


def _run(text: str) -> Run:
    at, colon, rest = text.rpartition(":")
    offset, _, length = rest.partition("+")
    return Run(int(at) if colon else 0, int(offset), int(length))
