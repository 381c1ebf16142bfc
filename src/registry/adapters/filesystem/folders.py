"""Folders of blobs, and one fsync for all who wait for it."""

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from registry.adapters.filesystem.errors import translated

FOLDER_MODE = 0o700
SHARDS = tuple(f"{number:02x}" for number in range(256))

Fsync = Callable[[int], None]


def fsync_folder(folder: Path, *, fsync: Fsync) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def make_shards(root: Path, *, fsync: Fsync) -> None:
    """Create `root`, what is missing above it and its 256 subfolders, durably."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        fsync_folder(folder.parent, fsync=fsync)
    for shard in SHARDS:
        (root / shard).mkdir(mode=FOLDER_MODE, exist_ok=True)
    # Also where nothing was missing: the process that made the folders may have been killed before it came here.
    fsync_folder(root, fsync=fsync)


def check_folder(root: Path) -> None:
    """Raises Unavailable unless files can be made in the folder."""
    with translated():
        if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if os.statvfs(root).f_bavail == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FolderSync:
    """Lets threads share folder fsyncs.

    Whoever calls `sync` while an fsync of the folder is under way waits for the next one, together with all others who
    came in the meantime: each caller is covered by an fsync that began after its call, and 16 callers need two.
    """

    def __init__(self, *, fsync: Fsync) -> None:
        self._fsync = fsync
        self._lock = threading.Lock()
        self._turns: dict[Path, threading.Lock] = {}
        self._gathering: dict[Path, Future[None]] = {}

    def sync(self, folder: Path) -> None:
        """Return when an fsync of `folder` that began after this call has ended. Raises its OSError."""
        with self._lock:
            round_ = self._gathering.get(folder)
            leads = round_ is None
            if round_ is None:
                round_ = self._gathering[folder] = Future()
            turn = self._turns.setdefault(folder, threading.Lock())
        if not leads:
            return round_.result()
        with turn:
            with self._lock:
                del self._gathering[folder]
            try:
                fsync_folder(folder, fsync=self._fsync)
            except BaseException as error:
                round_.set_exception(error)
                raise
            round_.set_result(None)
        return None
