"""Files that their owner alone may read and write, whatever the folder's mode and the umask."""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

PRIVATE_MODE = 0o600
SQLITE_NEIGHBOURS = ("-wal", "-shm", "-journal")
"""SQLite gives these files the mode of their database, when it makes them."""


def keep_private(path: Path, *, neighbours: Sequence[str] = ()) -> None:
    """Make the file where it is missing, and take from others what rights they have to it.

    `neighbours` are endings of files that may stand beside it. Raises OSError. Files of another owner stay as they are.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            with contextlib.suppress(PermissionError):
                os.fchmod(descriptor, PRIVATE_MODE)
    finally:
        os.close(descriptor)
    for ending in neighbours:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.with_name(path.name + ending).chmod(PRIVATE_MODE)
