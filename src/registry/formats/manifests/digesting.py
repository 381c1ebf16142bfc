"""Reading a file of an archive to its end: its SHA-256 and its CRC-32, within the limits of the whole walk."""

import hashlib
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from registry.formats.manifests.problems import Unreadable

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ManifestLimits:
    """How far a walk goes. `unpacked_bytes` counts all files, holes of sparse ones included; `text_bytes` is the length
    of the manifest.
    """

    seconds: float = 60.0
    files: int = 200_000
    unpacked_bytes: int = 64 * 1024 * MIB
    directory_bytes: int = 64 * MIB
    text_bytes: int = 40 * MIB


@dataclass(frozen=True, slots=True)
class Digests:
    sha256: str
    crc32: int


class Budget:
    """What is left of the limits. A walk over it ends with Unreadable, which says so."""

    def __init__(self, limits: ManifestLimits) -> None:
        self._limits = limits
        self._ends_at = time.monotonic() + limits.seconds
        self._bytes = limits.unpacked_bytes
        self._files = limits.files
        self._text = limits.text_bytes

    def spend(self, size: int) -> None:
        """For so many bytes, just read."""
        self._bytes -= size
        if self._bytes < 0:
            raise Unreadable(f"its files have more than {self._limits.unpacked_bytes // MIB:,} MiB together")
        if time.monotonic() > self._ends_at:
            raise Unreadable(f"reading it took longer than {self._limits.seconds:g} s")

    def add_file(self, path: str) -> None:
        """For one more file. Raises Unreadable."""
        self._files -= 1
        self._text -= len(path.encode("utf-8", "surrogatepass")) + _LINE_BYTES
        if self._files < 0:
            raise Unreadable(f"it holds more than {self._limits.files:,} files")
        if self._text < 0:
            raise Unreadable("the paths of its files are too long together")

    def digest(self, pieces: Iterable[bytes]) -> Digests:
        """Of all the pieces."""
        sha256, crc32 = hashlib.sha256(), 0
        for piece in pieces:
            self.spend(len(piece))
            sha256.update(piece)
            crc32 = zlib.crc32(piece, crc32)
        return Digests(sha256.hexdigest(), crc32)


_LINE_BYTES = 140
"""What a line of a manifest has besides the path, about."""
