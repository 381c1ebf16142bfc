"""The bytes of a tar in order, plain or unpacked, with the position of each."""

from collections.abc import Iterator
from typing import Protocol

from registry.formats.manifests.decompressing import StreamUnpacking
from registry.formats.manifests.digesting import Budget
from registry.formats.manifests.entries import Packing
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.reading import PIECE_BYTES, Stored
from registry.formats.scanning.unpacking import DAMAGED

_DAMAGED = "its compressed data is damaged"


class TarStream(Protocol):
    """`position` is where the next byte is read."""

    position: int
    packing: Packing

    def read(self, length: int) -> bytes:
        """`length` bytes, fewer at the end. Raises Unreadable."""

    def pieces(self, length: int) -> Iterator[bytes]:
        """The next `length` bytes, fewer at the end, piece by piece. Raises Unreadable."""

    def skip(self, length: int) -> None:
        """Pass over `length` bytes, fewer at the end. Raises Unreadable."""

    def finish(self) -> None:
        """Read what follows the end of the tar, as far as it could be damaged. Raises Unreadable."""


class PlainTar:
    """Files are parts of the content; what is skipped is not read."""

    packing = Packing.STORED

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self.position = 0

    def read(self, length: int) -> bytes:
        return b"".join(self.pieces(length))

    def pieces(self, length: int) -> Iterator[bytes]:
        end = self.position + length
        while self.position < end and (
            piece := self._stored.read(self.position, min(PIECE_BYTES, end - self.position))
        ):
            self.position += len(piece)
            yield piece

    def skip(self, length: int) -> None:
        self.position = min(self.position + length, self._stored.size)

    def finish(self) -> None:
        return


class PackedTar:
    """A compressed tar, unpacked in order."""

    packing = Packing.STREAM

    def __init__(self, stored: Stored, container: str, budget: Budget) -> None:
        self._pieces = _unpacked(stored, StreamUnpacking(container))
        self._budget = budget
        self._held = b""
        self.position = 0

    def read(self, length: int) -> bytes:
        return b"".join(self.pieces(length))

    def pieces(self, length: int) -> Iterator[bytes]:
        while length > 0:
            if not self._held:
                self._held = self._next()
                if not self._held:
                    return
            piece, self._held = self._held[:length], self._held[length:]
            self.position += len(piece)
            length -= len(piece)
            yield piece

    def skip(self, length: int) -> None:
        for piece in self.pieces(length):
            self._budget.spend(len(piece))

    def finish(self) -> None:
        while piece := self._next():
            self._budget.spend(len(piece))

    def _next(self) -> bytes:
        try:
            return next(self._pieces, b"")
        except DAMAGED:
            raise Unreadable(_DAMAGED) from None


def _unpacked(stored: Stored, unpacking: StreamUnpacking) -> Iterator[bytes]:
    for piece in stored.pieces(0, stored.size):
        yield from unpacking.feed(piece)
    unpacking.finish()
