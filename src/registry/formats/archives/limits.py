"""How far a look into an archive goes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What a look may cost. Where a limit ends it, what was found so far counts.

    `directory_bytes`: a zip's table of contents, some 80,000 members; a larger one is not read at all.
    `unpacked_bytes`: how much of a compressed tar is decompressed.
    """

    seconds: float = 10.0
    members: int = 10_000
    directory_bytes: int = 8 * MIB
    unpacked_bytes: int = 64 * MIB
    compression_ratio: int = 200


class LimitReached(Exception):
    """A look has cost enough."""


class Deadline:
    """Ends a look when its time is over: what was found so far is worth more than nothing, which a kill leaves."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def remaining_seconds(self) -> float:
        """What is left, more than 0. Raises LimitReached."""
        remaining = self._ends_at - self._monotonic()
        if remaining <= 0:
            raise LimitReached
        return remaining
