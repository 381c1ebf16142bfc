"""The bytes of one file: a content, a part of it, or a temporary file that holds an unpacked member."""

from collections.abc import Iterator
from typing import BinaryIO

PIECE_BYTES = 1024 * 1024
HEAD_BYTES = 4096


class Source:
    """`size` bytes of `file` from `start` on. Reads are by offset, so that several readers can share a file in turn.

    `near` is false where every read costs a way to a store: such bytes are copied before they are read twice.
    """

    def __init__(self, file: BinaryIO, size: int, *, start: int = 0, near: bool = True) -> None:
        self._file = file
        self._start = start
        self.size = size
        self.near = near
        self._head: bytes | None = None

    @property
    def head(self) -> bytes:
        """The first HEAD_BYTES, or all there is."""
        if self._head is None:
            self._head = self.read(0, HEAD_BYTES)
        return self._head

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes at `offset`, fewer at the end."""
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        self._file.seek(self._start + offset)
        data = self._file.read(length)
        while len(data) < length and (more := self._file.read(length - len(data))):
            data += more
        return data

    def part(self, start: int, end: int) -> "Source":
        """The bytes from `start` up to `end`, as a source."""
        end = min(end, self.size)
        return Source(self._file, max(0, end - start), start=self._start + start, near=self.near)

    def pieces(self, *, overlap: int = 0) -> Iterator[tuple[int, bytes]]:
        """All of it, as (offset, bytes) of a MiB. Each piece begins with the last `overlap` bytes of the one before."""
        offset = 0
        while offset < self.size:
            begin = max(0, offset - overlap)
            data = self.read(begin, PIECE_BYTES + offset - begin)
            if not data:
                return
            yield begin, data
            offset = begin + len(data)
