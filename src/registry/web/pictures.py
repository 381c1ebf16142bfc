"""Pictures that a browser may show: what the bytes themselves say of their format and size."""

from dataclasses import dataclass

MAX_PICTURE_BYTES = 4 * 1024 * 1024
_MAX_PIXELS = 40_000_000
"""Decoded they take 160 MB of the browser's memory; a picture of a few bytes can state far more."""
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    width: int
    height: int


def find_picture(begin: bytes) -> Picture | None:
    """The picture that a file begins with; None for other formats, for one that is damaged and for one too large.

    SVG is none of them: it is a document that may hold scripts and links.
    """
    picture = _png(begin) or _gif(begin) or _webp(begin) or _jpeg(begin)
    if picture is None or not 0 < picture.width * picture.height <= _MAX_PIXELS:
        return None
    return picture


def _png(data: bytes) -> Picture | None:
    if not data.startswith(_PNG) or data[12:16] != b"IHDR":
        return None
    return Picture("image/png", int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))


def _gif(data: bytes) -> Picture | None:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    return Picture("image/gif", int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))


def _webp(data: bytes) -> Picture | None:
    """The three forms of https://www.rfc-editor.org/rfc/rfc9649: extended, lossless, lossy."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8X":
            width, height = int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width = int.from_bytes(data[26:28], "little") & 0x3FFF
            height = int.from_bytes(data[28:30], "little") & 0x3FFF
        case _:
            return None
    return Picture("image/webp", width, height)


def _jpeg(data: bytes) -> Picture | None:
    """Segments are skipped by their lengths until the one with the size."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind in _JPEG_SIZES:
            height, width = int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
            return Picture("image/jpeg", width, height)
        alone = kind == 0xFF or kind in _JPEG_ALONE
        place += (1 if kind == 0xFF else 2) if alone else 2 + int.from_bytes(data[place + 2 : place + 4])
    return None
