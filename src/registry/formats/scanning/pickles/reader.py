"""Bytes for the interpreter: in order, from a buffer, with large arguments passed over."""

from registry.formats.scanning.sources import Source

_PIECE_BYTES = 256 * 1024
_FIRST_PIECE_BYTES = 4096
MAX_LINE_BYTES = 4096


class Reader:
    """Reads a source from an offset on. Raises EOFError where it ends."""

    def __init__(self, source: Source, offset: int, *, buffer: bytes = b"") -> None:
        self._source = source
        self._buffer = buffer
        self._base = offset
        self._at = 0
        self._piece = _FIRST_PIECE_BYTES

    @property
    def offset(self) -> int:
        return self._base + self._at

    def byte(self) -> int:
        if self._at >= len(self._buffer):
            self._fill()
        value = self._buffer[self._at]
        self._at += 1
        return value

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        data = self._source.read(self.offset, length)
        if len(data) < length:
            raise EOFError
        self._move(self.offset + length)
        return data

    def skip(self, length: int) -> None:
        end = self._at + length
        if end <= len(self._buffer):
            self._at = end
        elif self._base + end > self._source.size:
            raise EOFError
        else:
            self._move(self._base + end)

    def line(self) -> bytes | None:
        """Up to the next line feed, which is passed over; None for a line too long to matter."""
        end = self._buffer.find(b"\n", self._at)
        if end >= 0:
            line = self._buffer[self._at : end]
            self._at = end + 1
            return line if len(line) <= MAX_LINE_BYTES else None
        line = self._buffer[self._at :]
        while True:
            self._move(self._base + len(self._buffer))
            self._fill()
            end = self._buffer.find(b"\n")
            if end >= 0:
                self._at = end + 1
                return line + self._buffer[:end] if len(line) + end <= MAX_LINE_BYTES else None
            line = (line + self._buffer)[: MAX_LINE_BYTES + 1]

    def short_line(self) -> bytes:
        """As `line`. Raises ValueError, having read little, when it is longer than MAX_LINE_BYTES."""
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            offset = self.offset
            self._move(offset)
            self._buffer = self._source.read(offset, MAX_LINE_BYTES + 1)
            end = self._buffer.find(b"\n")
            if end < 0:
                raise ValueError("a line without an end")
        line = self._buffer[self._at : end]
        self._at = end + 1
        return line

    def _move(self, offset: int) -> None:
        self._base, self._at, self._buffer = offset, 0, b""

    def _fill(self) -> None:
        self._base += len(self._buffer)
        self._at = 0
        self._buffer = self._source.read(self._base, self._piece)
        self._piece = _PIECE_BYTES
        if not self._buffer:
            raise EOFError
