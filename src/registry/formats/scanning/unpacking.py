"""Decompression in pieces, into memory or a temporary file. Damage ends it; what came before is kept."""

import bz2
import lzma
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from lz4.frame import LZ4FrameDecompressor

from registry.formats.scanning.kinds import LZ4_FRAME, ZSTD_FRAME, Kind, after_skippable
from registry.formats.scanning.sources import Source

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_IN_BYTES = 256 * 1024
_OUT_BYTES = 1024 * 1024
_SMALLER = (32 * 1024, 1024, 32, 1)
_MOST_ZSTD_WINDOW = 27
"""128 MiB, what `zstd --ultra` needs."""
DAMAGED = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError, ValueError)


class Decompressor(Protocol):
    """What the standard library's decompressors have in common, once zlib's is wrapped."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Inflate:
    """zlib's decompressor with the interface of the others."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class Lz4Frame:
    """A decompressor of one LZ4 frame with the interface of the others. A frame's header asks for 4 MiB at most."""

    def __init__(self) -> None:
        self._stream = LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._stream.needs_input)

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data or b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return bytes(self._stream.decompress(data, max_length))
        except RuntimeError as error:  # all that the library raises for bytes that are no frame
            raise ValueError(str(error)) from None


def make_zstd() -> Decompressor:
    """A decompressor of one Zstandard frame, with a bound on the window that a header can ask for."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MOST_ZSTD_WINDOW})


Maker = Callable[[], Decompressor]
MAKERS: dict[Kind, Maker] = {
    Kind.GZIP: lambda: Inflate(31),
    Kind.ZLIB: lambda: Inflate(15),
    Kind.ZLIB_FILE: lambda: Inflate(15),
    Kind.BZIP2: bz2.BZ2Decompressor,
    Kind.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=256 * 1024 * 1024),
    Kind.ZSTD: make_zstd,
    Kind.LZ4: Lz4Frame,
    Kind.LZMA: lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * 1024 * 1024),
}


_FRAMED = {make_zstd: ZSTD_FRAME, Lz4Frame: LZ4_FRAME}
"""Formats of frames, with empty ones between them, and how each frame that holds data begins."""


class Unpacker:
    """The bytes of a compressed source, in order. `problem` says why they ended before their end; `used` is how many
    compressed bytes were read, trailing bytes that belong to no stream excluded."""

    def __init__(self, source: Source, maker: Maker, *, joined: bool = True) -> None:
        self._source = source
        self._maker = maker
        self._joined = joined
        self.problem: str | None = None
        self.used = 0

    def pieces(self) -> Iterator[bytes]:
        while True:
            yield from self._one()
            again = self._joined and self.problem is None and self.used < self._source.size
            if not again or not self._begins_again():
                return

    def _one(self) -> Iterator[bytes]:
        """One stream. What a decompressor holds back when it finds damage is asked for again in smaller pieces: a
        loader that reads a few bytes at a time gets it, too, wrong checksum or not."""
        if self._maker in _FRAMED:
            self.used, _ = after_skippable(self._source, self.used)
        start, given = self.used, 0
        for most in (_OUT_BYTES, *_SMALLER):
            self.used = start
            try:
                for piece in self._pieces_after(given, most):
                    given += len(piece)
                    yield piece
            except DAMAGED as error:
                self.problem = f"its compressed data is damaged ({type(error).__name__})"
            else:
                return

    def _pieces_after(self, given: int, most: int) -> Iterator[bytes]:
        """The stream's bytes after the first `given`, `most` at once. Raises what a decompressor does for damage."""
        stream = self._maker()
        place = 0
        while not stream.eof:
            data = self._source.read(self.used, min(_IN_BYTES, max(4096, most))) if stream.needs_input else b""
            if stream.needs_input and not data:
                self.problem = "its compressed data ends too early"
                return
            self.used += len(data)
            if piece := stream.decompress(data, min(_OUT_BYTES, given - place) if place < given else most):
                place += len(piece)
                if place > given:
                    yield piece
        self.used -= len(stream.unused_data)

    def _begins_again(self) -> bool:
        """Files of these kinds may be joined; xz may have padding between, Zstandard and LZ4 skippable frames."""
        following = self._source.read(self.used, 8)
        if frame := _FRAMED.get(self._maker):
            self.used, following = after_skippable(self._source, self.used)
            return following.startswith(frame)
        first = self._source.read(0, 2)
        while following.startswith(b"\0\0\0\0") and first == b"\xfd7":
            self.used += 4
            following = self._source.read(self.used, 8)
        return len(following) > 2 and following[:2] == first


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The unpacked bytes, their CRC-32, and whether they were cut at the limit."""

    source: Source
    crc: int
    cut: bool


@contextmanager
def spooled(pieces: Iterator[bytes], *, limit: int, memory: int) -> Iterator[Unpacked]:
    """The pieces as a source, for as long as the context lasts; beyond `memory` bytes in a temporary file."""
    crc = size = 0
    with tempfile.SpooledTemporaryFile(max_size=memory) as file:
        for piece in pieces:
            kept = piece[: limit - size]
            size += len(kept)
            crc = zlib.crc32(kept, crc)
            file.write(kept)
            if len(kept) < len(piece):
                yield Unpacked(Source(cast("BinaryIO", file), size), crc, cut=True)
                return
        yield Unpacked(Source(cast("BinaryIO", file), size), crc, cut=False)


@contextmanager
def brought_near(source: Source, *, memory: int) -> Iterator[Source]:
    """The source itself, or a copy where reads are dear."""
    if source.near:
        yield source
        return
    with spooled((data for _, data in source.pieces()), limit=source.size, memory=memory) as copy:
        yield copy.source
