"""One set of files in every form of archive that the registry reads, the same bytes each time."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Members = Mapping[str, bytes]
Packed = Callable[[Members], bytes]
PROGRAM = b"#!/bin/sh\nexec unzip\n" * 100
"""What may stand before a zip."""


def zipped(members: Members, method: int = zipfile.ZIP_DEFLATED, *, zip64: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("a folder")
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, (2026, 1, 2, 3, 4, 6))
            entry.compress_type = method
            with archive.open(entry, "w", force_zip64=zip64) as file:
                file.write(data)
    return buffer.getvalue()


def streamed_zip(members: Members) -> bytes:
    """With data descriptors: written to what cannot be sought in."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(_Unseekable(buffer), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return buffer.getvalue()


class _Unseekable(io.RawIOBase):
    def __init__(self, target: io.BytesIO) -> None:
        super().__init__()
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._target.write(data)


def tarred(members: Members, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("./a folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("a link")
        link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
        archive.addfile(link)
    return buffer.getvalue()


def zstandard(data: bytes) -> bytes:
    return zstd.compress(data)


FORMS: Mapping[str, Packed] = {
    "zip stored": lambda members: zipped(members, zipfile.ZIP_STORED),
    "zip deflate": zipped,
    "zip bzip2": lambda members: zipped(members, zipfile.ZIP_BZIP2),
    "zip lzma": lambda members: zipped(members, zipfile.ZIP_LZMA),
    "zip zip64": lambda members: zipped(members, zip64=True),
    "zip streamed": streamed_zip,
    "zip prefixed": lambda members: PROGRAM + zipped(members),
    "tar ustar": lambda members: tarred(members, tarfile.USTAR_FORMAT),
    "tar pax": tarred,
    "tar gnu": lambda members: tarred(members, tarfile.GNU_FORMAT),
    "tar.gz": lambda members: gzip.compress(tarred(members), mtime=0),
    "tar.gz joined": lambda members: b"".join(gzip.compress(part, mtime=0) for part in _halves(tarred(members))),
    "tar.bz2": lambda members: bz2.compress(tarred(members)),
    "tar.xz": lambda members: lzma.compress(tarred(members)),
    "tar.zst": lambda members: zstandard(tarred(members)),
}


def _halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]
