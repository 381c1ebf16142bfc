"""Where downloads are counted, by name for good and by package and day for a month."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from registry.domain.downloads import Downloaded, Ranking
from registry.domain.packages import PackageType


class DownloadStore(Protocol):
    """All methods raise Unavailable when the store cannot answer."""

    async def count(self, counts: Mapping[Downloaded, int]) -> None:
        """Add to the downloads of names, and to those of packages on their days."""

    async def find_totals(self, names: Collection[tuple[PackageType, str]]) -> Mapping[tuple[PackageType, str], int]:
        """How often each name was downloaded, in a call for each hundred. Those without downloads may be left out."""

    async def list_most(self, since: date, *, limit: int) -> Sequence[str]:
        """The ids of the packages with the most downloads from a day on; of equals the newest first.

        Reads every count from that day on: not for a request.
        """

    async def list_days(self, package_id: str, days: Sequence[date]) -> Mapping[date, int]:
        """The downloads of a package on these days, COUNTED_DAYS at most; days without any may be left out."""

    async def add_ranking(self, ranking: Ranking, *, expires_at: datetime) -> None:
        """Keep a ranking until a moment."""

    async def find_ranking(self, ranking_id: str | None = None) -> Ranking | None:
        """A ranking by its id, or the latest; None when it is not kept."""
