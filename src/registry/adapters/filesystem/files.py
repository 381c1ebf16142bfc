"""One blob's file, as threads see it: blocking calls only."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.folders import FolderSync, Fsync
from registry.domain.errors import NotFound, Unavailable
from registry.ports.blobs import StoredBlob

FILE_MODE = 0o600
_NOWAIT = getattr(os, "RWF_NOWAIT", None)
"""Linux has it."""

Write = Callable[[int, memoryview], int]


class BlobWriter:
    """Writes a blob. Its calls never overlap, though each may come from another thread."""

    def __init__(self, folder: Path, name: str, *, folder_sync: FolderSync, fsync: Fsync, write: Write) -> None:
        self.folder = folder
        self._name = name
        self._folder_sync = folder_sync
        self._fsync = fsync
        self._write = write
        self._descriptor: int | None = None
        self._size = 0
        self._sha256 = hashlib.sha256()

    def append(self, data: bytearray) -> None:
        """Hash and write. Raises Unavailable."""
        with translated():
            descriptor = self._opened()
            self._sha256.update(data)
            self._size += len(data)
            with memoryview(data) as rest:
                written = 0
                while written < len(rest):
                    written += self._write(descriptor, rest[written:])

    def finish(self, data: bytearray) -> StoredBlob:
        """Write the last bytes and return when file and name are durable. Raises Unavailable."""
        self.append(data)
        self.sync()
        with translated():
            self._folder_sync.sync(self.folder)
        return self.stored()

    def sync(self) -> None:
        """Return when the bytes are durable; nothing is appended any more. Raises Unavailable."""
        with translated():
            self._fsync(self._opened())
            self._close()

    def stored(self) -> StoredBlob:
        """What has been written."""
        return StoredBlob(self._name, self._size, self._sha256.hexdigest())

    def discard(self) -> None:
        """Leave nothing behind. What even this cannot remove, the sweep will."""
        self._close()
        try:
            (self.folder / self._name).unlink(missing_ok=True)
        except OSError:
            return

    def _opened(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            self._descriptor = os.open(f"{self.folder}/{self._name}", flags, FILE_MODE)
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)


class BlobFile:
    """A blob open for reading. `size` is in bytes."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises NotFound, Unavailable."""
        with translated():
            try:
                self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                raise NotFound("The stored bytes are gone.") from None
            self.size = os.fstat(self._descriptor).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes, which are known to be there. Raises Unavailable."""
        with translated():
            data = os.pread(self._descriptor, length, offset)
            while len(data) < length:
                more = os.pread(self._descriptor, length - len(data), offset + len(data))
                if not more:
                    raise Unavailable("A stored file is shorter than it was.")
                data += more
        return data

    def read_cached(self, offset: int, length: int) -> bytes | None:
        """As `read_at`, of what the system has in memory; None where it would have to wait for the disk."""
        if _NOWAIT is None:
            return None
        data = bytearray(length)
        try:
            read = os.preadv(self._descriptor, [data], offset, _NOWAIT)
        except OSError:  # the disk would be asked, or this file system does not support it
            return None
        return bytes(data) if read == length else None

    def close(self) -> None:
        os.close(self._descriptor)
