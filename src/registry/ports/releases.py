"""Where releases are carried out."""

from datetime import datetime
from typing import Protocol

from registry.domain.releases import Release


class ReleaseStore(Protocol):
    """All methods raise Unavailable when the store cannot answer."""

    async def release(self, release: Release) -> None:
        """Make the drafts active and move the aliases: readers see all of it or nothing, whatever they read.

        Raises RevisionConflict where a package or name changed since it was read, PermissionDenied. Nothing changed
        then.
        """

    async def settle(self, now: datetime) -> int:
        """End what releases left behind that were cut off, or are a while ago; how many. For the sweep."""
