"""Places to put a pickle: files and archives, whole and damaged."""

import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from lz4 import frame as lz4

from trust.hiding import HARMLESS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Container = Callable[[bytes], tuple[str, bytes]]
"""Gives a file's name and its bytes."""

_EMPTY_FRAME = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 5) + b"empty"
"""A skippable frame (RFC 8878, 3.1.2), of Zstandard and of LZ4."""
_TORCH = ("archive/data.pkl", "archive/version")


def zipped(data: bytes, name: str = "model.pkl", *, method: int = zipfile.ZIP_DEFLATED, extra: bytes = b"") -> bytes:
    file = io.BytesIO(extra)
    with zipfile.ZipFile(file, "a" if extra else "w", method) as archive:
        archive.writestr(name, data)
        archive.writestr("README.md", "# A model\n")
    return file.getvalue()


def tarred(data: bytes, name: str = "a/model.pkl", *, form: int = tarfile.PAX_FORMAT, mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for path, content in ((name, data), ("a/README.md", b"# A model\n")):
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def torch_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_TORCH[0], data)
        archive.writestr("archive/data/0", b"\0" * 64)
        archive.writestr(_TORCH[1], "3\n")
    return file.getvalue()


def npy(data: bytes, *, version: int = 1, dtype: str = "'|O'") -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': (1,), }}".ljust(117).encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def _npz(data: bytes) -> bytes:
    return zipped(npy(data), "arr_0.npy")


def _joblib_old(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def _torch_tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("storages", HARMLESS), ("tensors", HARMLESS), ("pickle", data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _torch_sequence(data: bytes) -> bytes:
    number = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    return (
        number
        + b"\x80\x02M\xe9\x03."
        + HARMLESS
        + data
        + b"\x80\x02](X\x01\x00\x00\x000e."
        + struct.pack("<q4f", 4, 1, 2, 3, 4)
    )


def _bad_checksum_after(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model.pkl", data)
        archive.writestr("zzz.pkl", HARMLESS)
    whole = bytearray(file.getvalue())
    whole[whole.rindex(HARMLESS) + 4] ^= 1
    return bytes(whole)


def _own_checksum(data: bytes) -> bytes:
    whole = bytearray(zipped(data, method=zipfile.ZIP_STORED))
    for mark, shift in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        at = whole.index(mark) + shift
        whole[at : at + 4] = b"\x01\x02\x03\x04"
    return bytes(whole)


def _without_directory(data: bytes) -> bytes:
    whole = zipped(data)
    return whole[: whole.index(b"PK\x01\x02")]


def _only_local(data: bytes) -> bytes:
    """A file before those that the table of contents names."""
    hidden = zipped(data, "hidden.pkl")
    return zipped(b"harmless", "a.txt", extra=b"") if not data else _prefixed(hidden[: hidden.index(b"PK\x01\x02")])


def _prefixed(prefix: bytes) -> bytes:
    file = io.BytesIO()
    file.write(prefix)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("a.txt", "nothing here")
    return file.getvalue()


def _twice(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model.pkl", data)
        archive.writestr("nodel.pkl", HARMLESS)
    return file.getvalue().replace(b"nodel.pkl", b"model.pkl")


def _two_names(data: bytes) -> bytes:
    whole = bytearray(zipped(data))
    at = whole.index(b"model.pkl")
    whole[at : at + 9] = b"notes.txt"
    return bytes(whole)


def _two_methods(data: bytes) -> bytes:
    whole = bytearray(zipped(data))
    at = whole.index(b"PK\x01\x02") + 10
    whole[at : at + 2] = b"\x00\x00"
    return bytes(whole)


def _sparse_before(data: bytes) -> bytes:
    header = bytearray(tarfile.TarInfo("a/empty").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    return _checked(header) + tarred(data, form=tarfile.GNU_FORMAT)


def _sparse(data: bytes) -> bytes:
    whole = bytearray(tarred(data, form=tarfile.GNU_FORMAT))
    whole[156:157] = b"S"
    return _checked(whole[:512]) + bytes(whole[512:])


def _damaged_before(data: bytes) -> bytes:
    return tarred(b"x" * 10, "a/first.txt")[:1024] + b"\x01" * 512 + tarred(data)


def _after_the_end(data: bytes) -> bytes:
    return tarred(b"x" * 10, "a/first.txt") + tarred(data)


def _checked(header: bytearray) -> bytes:
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


def _zip_of_zstd(data: bytes) -> bytes:
    """The method that zips have from Python 3.14 on."""
    whole = bytearray(zipped(zstd.compress(data), method=zipfile.ZIP_STORED))
    directory = struct.unpack_from("<I", whole, len(whole) - 6)[0]
    for at in (0, directory + 2):
        struct.pack_into("<H", whole, at + 8, 93)
        struct.pack_into("<I", whole, at + 14, zlib.crc32(data))
        struct.pack_into("<I", whole, at + 22, len(data))
    return bytes(whole)


def _last_bytes_wrong(data: bytes, at: int = 2) -> bytes:
    return data[:-at] + bytes([data[-at] ^ 0xFF]) + data[len(data) - at + 1 :]


CONTAINERS: dict[str, Container] = {
    "pickle": lambda data: ("model.pkl", data),
    "without an ending": lambda data: ("weights", data),
    "under a text's name": lambda data: ("notes.txt", data),
    "under an image's name": lambda data: ("picture.png", data),
    "joblib, zlib": lambda data: ("model.joblib", zlib.compress(data)),
    "joblib, gzip": lambda data: ("model.joblib", gzip.compress(data, mtime=0)),
    "joblib, bzip2": lambda data: ("model.joblib", bz2.compress(data)),
    "joblib, lzma": lambda data: ("model.joblib", lzma.compress(data, lzma.FORMAT_ALONE)),
    "joblib, xz": lambda data: ("model.joblib", lzma.compress(data)),
    "joblib, Zstandard": lambda data: ("model.joblib", zstd.compress(data)),
    "joblib, old zlib": lambda data: ("model.joblib", _joblib_old(data)),
    "gzip twice": lambda data: ("model.pkl.gz", gzip.compress(gzip.compress(data, mtime=0), mtime=0)),
    "gzip, joined": lambda data: ("model.pkl.gz", gzip.compress(data[:9], mtime=0) + gzip.compress(data[9:], mtime=0)),
    "joblib, LZ4": lambda data: ("model.joblib", lz4.compress(data)),
    "Zstandard, joined": lambda data: ("model.pkl.zst", zstd.compress(data[:9]) + zstd.compress(data[9:])),
    "Zstandard after empty frames": lambda data: (
        "m.pkl.zst",
        _EMPTY_FRAME + zstd.compress(data[:9]) + _EMPTY_FRAME + zstd.compress(data[9:]),
    ),
    "gzip, cut": lambda data: ("model.pkl.gz", gzip.compress(data, mtime=0)[:-6]),
    "zlib with its checksum wrong": lambda data: ("m.joblib", _last_bytes_wrong(zlib.compress(data))),
    "gzip with its checksum wrong": lambda data: ("m.pkl.gz", _last_bytes_wrong(gzip.compress(data, mtime=0))),
    "bzip2 with its checksum wrong": lambda data: ("m.pkl.bz2", _last_bytes_wrong(bz2.compress(data))),
    "xz with its checksum wrong": lambda data: ("m.pkl.xz", _last_bytes_wrong(lzma.compress(data), 26)),
    "LZ4 with its checksum wrong": lambda data: (
        "m.pkl.lz4",
        _last_bytes_wrong(lz4.compress(data, content_checksum=True)),
    ),
    "npy": lambda data: ("a.npy", npy(data)),
    "npy, version 2": lambda data: ("a.npy", npy(data, version=2)),
    "npy, dtype in words": lambda data: ("a.npy", npy(data, dtype="'object'")),
    "npy, structured dtype": lambda data: ("a.npy", npy(data, dtype="[('a', '<i4'), ('b', 'O')]")),
    "npy that says numbers": lambda data: ("a.npy", npy(data, dtype="'<f8'")),
    "npz": lambda data: ("a.npz", _npz(data)),
    "PyTorch zip": lambda data: ("model.pt", torch_zip(data)),
    "PyTorch zip after a prefix": lambda data: ("model.pt", b"#!/bin/sh\n" + torch_zip(data)),
    "PyTorch sequence": lambda data: ("model.pt", _torch_sequence(data)),
    "PyTorch tar": lambda data: ("model.pt", _torch_tar(data)),
    "zip, stored": lambda data: ("m.zip", zipped(data, method=zipfile.ZIP_STORED)),
    "zip, deflated": lambda data: ("m.zip", zipped(data)),
    "zip, bzip2": lambda data: ("m.zip", zipped(data, method=zipfile.ZIP_BZIP2)),
    "zip, Zstandard": lambda data: ("m.zip", _zip_of_zstd(data)),
    "zip, lzma": lambda data: ("m.zip", zipped(data, method=zipfile.ZIP_LZMA)),
    "zip three deep": lambda data: ("m.zip", zipped(zipped(zipped(data), "inner.zip"), "outer.zip")),
    "zip in a tar in a zip": lambda data: ("m.zip", zipped(tarred(zipped(data), "b/inner.zip"), "outer.tar")),
    "zip before a damaged file": lambda data: ("m.zip", _bad_checksum_after(data)),
    "zip with its checksum wrong": lambda data: ("m.zip", _own_checksum(data)),
    "zip without its directory": lambda data: ("m.zip", _without_directory(data)),
    "zip, not in the directory": lambda data: ("m.zip", _only_local(data)),
    "zip with a pickle before it": lambda data: ("m.zip", _prefixed(data)),
    "zip with one name twice": lambda data: ("m.zip", _twice(data)),
    "zip with two names": lambda data: ("m.zip", _two_names(data)),
    "zip with two compressions": lambda data: ("m.zip", _two_methods(data)),
    "zip with a name that leads out": lambda data: ("m.zip", zipped(data, "../../model.pkl")),
    "zip with a pickle after it": lambda data: ("m.zip", zipped(b"nothing", "a.txt") + data),
    "tar, ustar": lambda data: ("m.tar", tarred(data, form=tarfile.USTAR_FORMAT)),
    "tar, long name": lambda data: ("m.tar", tarred(data, "a/" + "b" * 150 + ".pkl", form=tarfile.GNU_FORMAT)),
    "tar, pax": lambda data: ("m.tar", tarred(data, "a/" + "ü" * 90 + ".pkl")),
    "tar.gz": lambda data: ("m.tar.gz", tarred(data, mode="w:gz")),
    "tar.bz2": lambda data: ("m.tar.bz2", tarred(data, mode="w:bz2")),
    "tar.xz": lambda data: ("m.tar.xz", tarred(data, mode="w:xz")),
    "LZ4, joined": lambda data: ("model.pkl.lz4", lz4.compress(data[:9]) + lz4.compress(data[9:])),
    "LZ4 after empty frames": lambda data: (
        "m.pkl.lz4",
        _EMPTY_FRAME + lz4.compress(data[:9]) + _EMPTY_FRAME + lz4.compress(data[9:]),
    ),
    "LZ4, cut": lambda data: ("m.pkl.lz4", lz4.compress(data)[:-3]),
    "tar.lz4": lambda data: ("m.tar.lz4", lz4.compress(tarred(data))),
    "tar.zst": lambda data: ("m.tar.zst", zstd.compress(tarred(data))),
    "tar after a sparse file": lambda data: ("m.tar", _sparse_before(data)),
    "tar, as a sparse file": lambda data: ("m.tar", _sparse(data)),
    "tar after damage": lambda data: ("m.tar", _damaged_before(data)),
    "tar after its end": lambda data: ("m.tar", _after_the_end(data)),
}
