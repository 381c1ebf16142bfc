"""Entries of a zip. The table of contents is at its end, so a 5 GB zip costs a few small reads."""

import io
import stat
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from registry.formats.archives.limits import MIB, ArchiveLimits
from registry.formats.archives.members import PIECE_BYTES, Member, MemberKind

_ENCRYPTED = 0x1
_DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)
_RATIO_FROM_BYTES = 4 * MIB
"""Small files may be as repetitive as they like."""


def zip_members(file: io.BufferedIOBase, *, limits: ArchiveLimits) -> Iterator[Member]:
    """The entries. Raises BadZipFile and what else the standard library raises for damaged tables of contents."""
    with ZipFile(cast("IO[bytes]", file)) as archive:
        for info in islice(archive.infolist(), limits.members):
            yield Member(
                info.orig_filename,
                _kind(info, limits),
                info.file_size,
                partial(_read, archive, info),
                partial(_pieces, archive, info),
            )


def _kind(info: ZipInfo, limits: ArchiveLimits) -> MemberKind:
    type_bits = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir():
        return MemberKind.FOLDER
    if (
        type_bits not in (0, stat.S_IFREG)
        or info.flag_bits & _ENCRYPTED
        or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED)
        or info.file_size > max(_RATIO_FROM_BYTES, limits.compression_ratio * info.compress_size)
    ):
        return MemberKind.OTHER
    return MemberKind.FILE


def _read(archive: ZipFile, info: ZipInfo, limit: int) -> bytes | None:
    try:
        with archive.open(info) as content:
            return content.read(limit)
    except _DAMAGED:
        return None


def _pieces(archive: ZipFile, info: ZipInfo, limit: int) -> Iterator[bytes]:
    with archive.open(info) as content:
        while limit > 0 and (piece := content.read(min(limit, PIECE_BYTES))):
            limit -= len(piece)
            yield piece
