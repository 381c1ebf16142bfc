"""What the operating system says, in the registry's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from registry.domain.errors import Unavailable

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file may not grow",
}
_FULL_RETRY_SECONDS = 60


def translate(error: OSError) -> Unavailable:
    """The error for callers. It names no path: they see it."""
    if error.errno in _FULL:
        return Unavailable(
            f"The package store cannot take more bytes: {_FULL[error.errno]}. An operator has to make room.",
            retry_after_seconds=_FULL_RETRY_SECONDS,
        )
    return Unavailable(f"The package store's folder cannot be used: {error.strerror or type(error).__name__}.")


@contextmanager
def translated() -> Iterator[None]:
    """Turn this host's I/O errors into Unavailable."""
    try:
        yield
    except OSError as error:
        raise translate(error) from error
