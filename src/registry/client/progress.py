"""How transfers report how far they are."""

from typing import Literal, Protocol

Phase = Literal["hash", "upload", "download"]
"""What is being done: reading a digest (before an upload, or of a part that is resumed), sending, or fetching."""

CHUNK_BYTES = 1024 * 1024
"""How much is read, hashed and written at a time, in a thread: large enough that switching costs nothing."""


class Progress(Protocol):
    """Called in the event loop after every piece. `done` may start above 0 (resumed) and fall back (sent again)."""

    def __call__(self, phase: Phase, *, done: int, total: int) -> None: ...


def silent(phase: Phase, *, done: int, total: int) -> None:
    """The progress of those who do not ask."""
