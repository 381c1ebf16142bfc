"""Secrets that are generated once and kept in the data folder, for their owner's eyes only."""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from registry.adapters.private_files import PRIVATE_MODE, keep_private


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file, made at the first call. Processes that start together agree on one.

    The file has mode 0600 from its first moment, and it appears whole or not at all.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_MODE)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(make() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
                path.hardlink_to(draft)
        finally:
            draft.unlink()
    else:
        keep_private(path)
    return path.read_text().strip()
