"""The log of all audit entries, in the order in which they got their positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.domain.audit_log import AuditFilter, LogHead
from registry.domain.packages import AuditEntry


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries with their positions, newest first. `next_below` is where the next page begins, None at the end."""

    entries: tuple[AuditEntry, ...]
    next_below: int | None


class AuditLog(Protocol):
    """An entry waits from the write that records it until `sequence` gives it a position. Raises Unavailable."""

    async def sequence(self) -> int:
        """Append some of the entries that wait; how many. 0: none waits, or another process appended meanwhile.

        Entry, head and tree change in one write, so an entry has one position or none, whoever does this at once.
        """

    async def lease(self, holder: str, *, seconds: float) -> bool:
        """Whether `holder` is the one who should sequence for so long: spares the others the look. Not needed to."""

    async def head(self) -> LogHead:
        """Where the log ends."""

    async def read_tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile (see `domain/merkle.py`), joined; empty where there is none."""

    async def get_entries(self, first: int, *, limit: int) -> Sequence[AuditEntry]:
        """The entries with positions from `first` on, oldest first; one that is missing is left out."""

    async def list_entries(self, wanted: AuditFilter, *, limit: int, below: int | None) -> LogPage:
        """The next entries that match, with positions under `below`.

        Looks at some thousand entries at most: then a page is short, even empty, and has a `next_below`.
        """

    async def get_checkpoint(self) -> str | None:
        """The note that was signed last."""

    async def put_checkpoint(self, note: str, *, size: int) -> None:
        """Keep a signed note, unless one of a larger log is kept."""
