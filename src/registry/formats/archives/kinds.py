"""Which archives can be looked into, known by their first bytes: names and media types are the client's word only."""

import zlib
from enum import StrEnum

SNIFF_BYTES = 4096
"""How many first bytes are enough."""

BLOCK_BYTES = 512
GZIP_WBITS = 31
"""For zlib: a gzip header is expected."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP_MAGIC = b"\x1f\x8b\x08"


class ArchiveKind(StrEnum):
    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"


def looks_like_archive(head: bytes) -> ArchiveKind | None:
    """The kind of archive that begins with `head` (SNIFF_BYTES, or all there is), None for anything else."""
    if head.startswith(ZIP_MAGIC):
        return ArchiveKind.ZIP
    if head.startswith(_GZIP_MAGIC):
        try:
            first_block = zlib.decompressobj(GZIP_WBITS).decompress(head[:SNIFF_BYTES], BLOCK_BYTES)
        except zlib.error:
            return None
        return ArchiveKind.TAR_GZ if is_tar_header(first_block) else None
    return ArchiveKind.TAR if is_tar_header(head[:BLOCK_BYTES]) else None


def is_tar_header(block: bytes) -> bool:
    """Whether a block of 512 bytes is a header of POSIX.1-1988 tar or later: its sum is in it, in octal."""
    if len(block) != BLOCK_BYTES or not block[0]:
        return False
    digits = block[148:156].strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        return False
    return int(digits, 8) == sum(block) - sum(block[148:156]) + 8 * ord(" ")
