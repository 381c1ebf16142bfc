"""Counts of downloads, and the packages that were downloaded most."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from registry.domain.packages import PackageType

COUNTED_DAYS = 30
"""Today is the last of them. Days begin at midnight UTC."""
MAX_RANKED = 1_000


class Downloaded(NamedTuple):
    """What was downloaded, and on which day (UTC)."""

    type: PackageType
    name: str
    package_id: str
    day: date


@dataclass(frozen=True, slots=True)
class Ranking:
    """The packages most downloaded, the first the most, at one moment. Ids rise with time."""

    id: str
    package_ids: tuple[str, ...]

    @property
    def ranks(self) -> dict[str, int]:
        """The places of the packages, from 0."""
        return {package_id: rank for rank, package_id in enumerate(self.package_ids)}


def counted_days(today: date) -> list[date]:
    """The days whose downloads are kept, the last is today."""
    return [today - timedelta(days=ago) for ago in reversed(range(COUNTED_DAYS))]
