"""Decompressors of zip members and of tars, with bounds on the memory that a header can ask for."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator

from registry.formats.manifests.entries import Packing
from registry.formats.scanning.kinds import ZSTD_FRAME, Kind
from registry.formats.scanning.unpacking import MAKERS, Decompressor, Inflate

MAX_DICTIONARY_BYTES = 128 * 1024 * 1024
"""For LZMA members of zips: twice what `xz -9` needs."""
OUT_BYTES = 1024 * 1024
_LZMA_HEADER_BYTES = 9
_MAGIC_BYTES = 6

STREAMS: dict[str, Callable[[], Decompressor]] = {
    "tar.gz": MAKERS[Kind.GZIP],
    "tar.bz2": MAKERS[Kind.BZIP2],
    "tar.xz": MAKERS[Kind.XZ],
    "tar.zst": MAKERS[Kind.ZSTD],
}
MAGIC = {"tar.gz": b"\x1f\x8b\x08", "tar.bz2": b"BZh", "tar.xz": b"\xfd7zXZ\0", "tar.zst": ZSTD_FRAME}
_SKIPPABLE = b"\x2a\x4d\x18"
"""The last three bytes of the magic of a Zstandard frame without data."""


def _member_decompressor(packing: Packing, head: bytes) -> tuple[Decompressor, int]:
    """For the data of a member that begins with `head`, and how many bytes of it are a header. Raises ValueError."""
    if packing is Packing.DEFLATE:
        return Inflate(-zlib.MAX_WBITS), 0
    if packing is Packing.BZIP2:
        return bz2.BZ2Decompressor(), 0
    return _lzma(head), _LZMA_HEADER_BYTES


def _lzma(head: bytes) -> Decompressor:
    """By APPNOTE.TXT 5.8.8: version, length of the properties, the properties."""
    if len(head) < _LZMA_HEADER_BYTES or int.from_bytes(head[2:4], "little") != 5 or head[4] >= 225:
        raise ValueError("no properties of LZMA")
    dictionary = int.from_bytes(head[5:9], "little")
    if dictionary > MAX_DICTIONARY_BYTES:
        raise ValueError("its dictionary takes too much memory")
    rest, literal_context = divmod(head[4], 9)
    position, literal_position = divmod(rest, 5)
    filters = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(4096, dictionary),
        "lc": literal_context,
        "lp": literal_position,
        "pb": position,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])


class StreamUnpacking:
    """Unpacks a compressed tar that is fed to it. Streams may be joined; what follows the last one is left out.

    All methods raise one of DAMAGED.
    """

    def __init__(self, container: str) -> None:
        self._container = container
        self._stream: Decompressor | None = None
        self._between = b""
        self._ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What these next bytes add, in pieces of OUT_BYTES at most."""
        while not self._ended:
            if self._stream is None:
                data, self._between = self._between + data, b""
                if self._container == "tar.xz":
                    data = data.lstrip(b"\0")  # padding, which xz allows between streams
                if len(data) < _MAGIC_BYTES:
                    self._between = data
                    return
                if not self._begins(data):
                    self._ended = True
                    return
                self._stream = STREAMS[self._container]()
            while not self._stream.eof:
                if self._stream.needs_input and not data:
                    return
                given, data = (data, b"") if self._stream.needs_input else (b"", data)
                if piece := self._stream.decompress(given, OUT_BYTES):
                    yield piece
            data, self._stream = self._stream.unused_data, None

    def finish(self) -> None:
        """Nothing follows: a stream that is not complete is damaged."""
        if self._stream is not None:
            raise EOFError("the compressed data ends too early")

    def _begins(self, data: bytes) -> bool:
        skippable = self._container == "tar.zst" and data[1:4] == _SKIPPABLE
        return skippable or data.startswith(MAGIC[self._container])


class MemberUnpacking:
    """Unpacks the data of a zip member of `size` bytes that is fed to it. All methods raise one of DAMAGED."""

    def __init__(self, packing: Packing, size: int) -> None:
        self._packing = packing
        self._left = size
        self._head = b""
        self._stream: Decompressor | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What these next bytes add, in pieces of OUT_BYTES at most; more than the member has is damage."""
        if self._stream is None:
            self._head += data
            if len(self._head) < _LZMA_HEADER_BYTES and self._packing is Packing.LZMA:
                return
            self._stream, skipped = _member_decompressor(self._packing, self._head)
            data = self._head[skipped:]
        while not self._stream.eof and (data or not self._stream.needs_input):
            given, data = (data, b"") if self._stream.needs_input else (b"", data)
            yield from self._counted(self._stream.decompress(given, OUT_BYTES))

    def finish(self) -> Iterator[bytes]:
        """What the last bytes add that were held back; fewer bytes than the member has are damage."""
        while self._stream is not None and not self._stream.eof and self._left:
            piece = self._stream.decompress(b"", OUT_BYTES)
            if not piece:
                break
            yield from self._counted(piece)
        if self._left:
            raise EOFError("the compressed data ends too early")

    def _counted(self, piece: bytes) -> Iterator[bytes]:
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError("it unpacks to more than its header says")
        if piece:
            yield piece
