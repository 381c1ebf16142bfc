"""An upload's file, as threads see it: written at any place until it is sealed, then read once for its digest."""

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.files import FILE_MODE
from registry.adapters.filesystem.folders import Fsync
from registry.domain.errors import DigestMismatch, NotFound, UploadSealed
from registry.ports.blobs import CHUNK_BYTES

SEALED_MODE = 0o400
"""A file that must not change any more. The mode is kept by the file itself, so a crash does not lift the seal."""

_SEALED = "The upload is being completed; it takes no more parts."

WriteAt = Callable[[int, memoryview, int], int]


def is_sealed(status: os.stat_result) -> bool:
    return stat.S_IMODE(status.st_mode) == SEALED_MODE


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise NotFound("The upload is gone.") from None
    except PermissionError:
        raise UploadSealed(_SEALED) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def check_open(path: Path) -> None:
    """Raises UploadSealed, NotFound, Unavailable."""
    with translated(), _opened(path, os.O_WRONLY) as descriptor:
        _check_open(descriptor)


def _check_open(descriptor: int) -> None:
    # Root may open what it may not write.
    if is_sealed(os.fstat(descriptor)):
        raise UploadSealed(_SEALED)


def set_sealed(path: Path, *, sealed: bool) -> None:
    """Let no byte be written from here on, or let them be written again. Raises NotFound, Unavailable."""
    with translated(), _opened(path, os.O_RDONLY) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # waits for the chunks that are being written: some ms
        os.fchmod(descriptor, SEALED_MODE if sealed else FILE_MODE)


def digest_of(path: Path, *, fsync: Fsync) -> tuple[int, str]:
    """Size and SHA-256 of the file, durable. A GiB takes 0.6 s from the page cache. Raises NotFound, Unavailable."""
    digest, size, buffer = hashlib.sha256(), 0, bytearray(CHUNK_BYTES)
    with translated(), _opened(path, os.O_RDONLY) as descriptor, memoryview(buffer) as view:
        fsync(descriptor)
        while count := os.preadv(descriptor, [buffer], size):
            digest.update(view[:count])
            size += count
    return size, digest.hexdigest()


class PartWriter:
    """Writes one part. Its calls never overlap, though each may come from another thread."""

    def __init__(self, path: Path, *, offset: int, size: int, fsync: Fsync, write_at: WriteAt) -> None:
        self._path = path
        self._offset = offset
        self._size = size
        self._fsync = fsync
        self._write_at = write_at
        self._written = 0
        self._sha256 = hashlib.sha256()

    def append(self, data: bytearray) -> None:
        """Hash and write. Raises DigestMismatch for bytes beyond the part, UploadSealed, NotFound, Unavailable."""
        if self._written + len(data) > self._size:
            raise DigestMismatch(f"the part is longer than its {self._size} bytes; send it again", pointer="/part")
        self._sha256.update(data)
        with translated(), _opened(self._path, os.O_WRONLY) as descriptor:
            # Shared among writers; who seals the file waits for this chunk, and the next one finds the seal.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _check_open(descriptor)
            with memoryview(data) as whole:
                done = 0
                while done < len(whole):
                    done += self._write_at(descriptor, whole[done:], self._offset + self._written + done)
            self._written += done

    def finish(self, data: bytearray) -> str:
        """Write the last bytes; the part's SHA-256 once all are durable. Raises as `append` does."""
        self.append(data)
        if self._written != self._size:
            raise DigestMismatch(
                f"{self._written} bytes arrived, the part has {self._size}; send it again", pointer="/part"
            )
        with translated(), _opened(self._path, os.O_RDONLY) as descriptor:
            self._fsync(descriptor)
        return self._sha256.hexdigest()
