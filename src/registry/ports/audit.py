"""Where the audit trail is kept. Entries of changes are written by PackageStore with the change itself."""

from collections.abc import Sequence
from typing import Protocol

from registry.domain.packages import AuditEntry


class AuditStore(Protocol):
    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Add entries of what is no change (downloads, ratings). One that is there already stays as it is."""

    async def list_entries(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        """The next entries of a package, newest first, after the entry id `after`."""
