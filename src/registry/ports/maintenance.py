"""What operators and the background sweep need of the record store."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.accounts import Account


class RecordMaintenance(Protocol):
    async def live_blob_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a record refers to: a package, an open upload, a manifest, an unpacked file."""

    def list_contents(self) -> AsyncIterator[tuple[str, str, int, str]]:
        """Every stored content as (package id, blob key, size, sha256), for scrubbing. Not for a request path."""

    async def purge_expired(self, now: datetime) -> int:
        """Drop what has had its time; how many.

        Expired answers, revocations, API tokens and rankings, counts of downloads that no ranking takes in any more,
        health older than 25 hours, deliveries that ended 30 days ago or whose webhook was removed.
        """

    async def reset(self, admin: Account) -> None:
        """Drop every record and keep one account: `admin`. All or nothing."""

    async def upgrade_listings(self) -> bool:
        """Bring the listings of some packages up to date that an earlier edition wrote. Whether there may be more.

        Raises Unavailable.
        """

    async def ping(self) -> None:
        """Return when the store answers. Raises Unavailable."""


class UpgradeStore(Protocol):
    """How far changes that concern every package have been carried out. All methods raise Unavailable."""

    async def find(self, name: str) -> str | None:
        """What was noted last, None when nothing was."""

    async def swap(self, name: str, state: str, *, expected: str | None) -> bool:
        """Note `state` in place of `expected`. False, and nothing noted, when something else is there."""
