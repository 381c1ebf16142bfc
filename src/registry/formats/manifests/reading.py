"""Stored bytes, read by offset."""

from collections.abc import Iterator
from typing import BinaryIO

PIECE_BYTES = 256 * 1024


class Stored:
    """A seekable file, read by offset."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on, fewer at the end."""
        if length <= 0 or offset >= self.size:
            return b""
        self._file.seek(offset)
        return self._file.read(length)

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        """The same, piece by piece. Raises EOFError where there is less."""
        end = offset + length
        while offset < end:
            piece = self.read(offset, min(PIECE_BYTES, end - offset))
            if not piece:
                raise EOFError("the content ends before")
            offset += len(piece)
            yield piece
