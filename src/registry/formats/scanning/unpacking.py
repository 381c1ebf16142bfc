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

from registry.formats.scanning.kinds import Kind, is_skippable
from registry.formats.scanning.sources import Source

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_IN_BYTES = 256 * 1024
_OUT_BYTES = 1024 * 1024
_ZSTD = b"\x28\xb5\x2f\xfd"
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
    Kind.LZMA: lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * 1024 * 1024),
}


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
        unused = 0
        if self._maker is make_zstd:
            self.used, _ = self._after_skippable(self.used)
        try:
            stream = self._maker()
            while not stream.eof:
                data = self._source.read(self.used, _IN_BYTES) if stream.needs_input else b""
                if stream.needs_input and not data:
                    self.problem = "its compressed data ends too early"
                    return
                self.used += len(data)
                if piece := stream.decompress(data, _OUT_BYTES):
                    yield piece
            unused = len(stream.unused_data)
        except DAMAGED as error:
            self.problem = f"its compressed data is damaged ({type(error).__name__})"
        self.used -= unused

    def _begins_again(self) -> bool:
        """Files of these kinds may be joined; xz may have padding between, Zstandard skippable frames."""
        following = self._source.read(self.used, 8)
        if self._maker is make_zstd:
            self.used, following = self._after_skippable(self.used)
            return following.startswith(_ZSTD)
        first = self._source.read(0, 2)
        while following.startswith(b"\0\0\0\0") and first == b"\xfd7":
            self.used += 4
            following = self._source.read(self.used, 8)
        return len(following) > 2 and following[:2] == first

    def _after_skippable(self, place: int) -> tuple[int, bytes]:
        """Where the skippable frames that begin here end, and the bytes there."""
        while is_skippable(head := self._source.read(place, 8)):
            place = min(self._source.size, place + 8 + int.from_bytes(head[4:8], "little"))
        return place, head


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
