"""The packages most downloaded: a ranking, made again each hour by one process, and listings of it.

A listing keeps to the ranking that it began with, so that a walk meets each package of it once. A ranking holds ids
only: whether a package is there, visible and wanted is decided by its record of now.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from registry.domain.downloads import MAX_RANKED, Ranking, counted_days
from registry.domain.errors import InvalidInput, RegistryError
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.scores import millionths, reaches
from registry.domain.versions import Version
from registry.ports.clock import Clock, IdSource
from registry.ports.downloads import DownloadStore
from registry.ports.maintenance import UpgradeStore
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore, PackageSummary, SummaryPage
from registry.ports.ratings import RatingStore
from registry.services.maintenance.leases import take_lease

_log = structlog.get_logger(__name__)
_LEASE = "downloads"
_LEASE_TIME = timedelta(minutes=10)
"""How long one process may take to count before another begins."""
_LOOK_SECONDS = 60.0
_KEPT = timedelta(days=1)
"""How long a walk may take."""
_READ_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PopularityStores:
    """The ports that a ranking needs."""

    downloads: DownloadStore
    packages: PackageStore
    names: NameStore
    ratings: RatingStore
    leases: UpgradeStore


@dataclass(frozen=True, slots=True)
class RankedPage:
    """A page, and the places of all packages in the ranking that it is of, from 0."""

    page: SummaryPage
    ranks: Mapping[str, int]


class Popularity:
    """`refresh_seconds`: the time between two rankings."""

    def __init__(self, stores: PopularityStores, *, clock: Clock, ids: IdSource, refresh_seconds: float) -> None:
        self._stores = stores
        self._clock = clock
        self._ids = ids
        self._refresh = timedelta(seconds=refresh_seconds)

    async def run(self) -> None:
        """Make a ranking whenever one is due, until cancelled."""
        while True:
            try:
                await self.refresh_if_due()
            except RegistryError as error:
                _log.warning("ranking_waits", reason=str(error))
            await asyncio.sleep(min(_LOOK_SECONDS, self._refresh.total_seconds()))

    async def refresh_if_due(self) -> bool:
        """Make a ranking if one is due and nobody else is at it; whether one was made."""
        now, leases, downloads = self._clock.now(), self._stores.leases, self._stores.downloads
        lease = await take_lease(leases, _LEASE, now=now, until=now + _LEASE_TIME)
        if lease is None:
            return False
        ranking = await self._count(now)
        await downloads.add_ranking(ranking, expires_at=now + _KEPT)
        await leases.swap(_LEASE, (now + self._refresh).isoformat(), expected=lease)
        _log.info("downloads_ranked", packages=len(ranking.package_ids))
        return True

    async def ranks(self) -> Mapping[str, int]:
        """The places of packages in the latest ranking, from 0."""
        latest = await self._stores.downloads.find_ranking()
        return {} if latest is None else latest.ranks

    async def list_days(self, package_id: str) -> Sequence[tuple[date, int]]:
        """The downloads of a package by day, the oldest first. The caller has checked that the package may be seen."""
        days = counted_days(self._clock.now().date())
        found = await self._stores.downloads.list_days(package_id, days)
        return [(day, found.get(day, 0)) for day in days]

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """A page of the ranking, whatever the filter's order. `after` is a `next_after` of a page before.

        Reads a thousand records at most. Raises InvalidInput for a page of a ranking that is no longer kept.
        """
        return (await self.list_ranked(wanted, limit=limit, after=after)).page

    async def list_ranked(self, wanted: PackageFilter, *, limit: int, after: str | None) -> RankedPage:
        """The same, with the ranking that the walk keeps to."""
        ranking_id, _, place = (after or "").partition("\n")
        ranking = await self._stores.downloads.find_ranking(ranking_id or None)
        if after is None and (ranking is None or not ranking.package_ids):
            ranking = await self._first()
        if ranking is None:
            if after is None:
                return RankedPage(SummaryPage((), None), {})
            raise InvalidInput("this walk began a day ago or more; begin again without it", pointer="/cursor")
        rank, ranks = int(place or 0), ranking.ranks
        found: list[tuple[int, PackageSummary]] = []
        while rank < len(ranking.package_ids) and len(found) <= limit:
            some = ranking.package_ids[rank : rank + _READ_AT_ONCE]
            found += [(ranks[item.id], item) for item in await self._wanted(some, wanted)]
            rank += len(some)
        page = found[:limit]
        more = f"{ranking.id}\n{page[-1][0] + 1}" if len(found) > limit else None
        return RankedPage(SummaryPage(tuple(item for _, item in page), more), ranks)

    async def _count(self, now: datetime) -> Ranking:
        first_day = counted_days(now.date())[0]
        most = await self._stores.downloads.list_most(first_day, limit=MAX_RANKED)
        return Ranking(self._ids.new_id(), tuple(most))

    async def _first(self) -> Ranking | None:
        """A ranking for a registry without one: its first downloads are not hidden for an hour."""
        now = self._clock.now()
        ranking = await self._count(now)
        if not ranking.package_ids:
            return None
        await self._stores.downloads.add_ranking(ranking, expires_at=now + _KEPT)
        return ranking

    async def _wanted(self, package_ids: Sequence[str], wanted: PackageFilter) -> list[PackageSummary]:
        """Those of the packages that a filter wants, as they are now."""
        summaries = await self._stores.packages.find_summaries(package_ids)
        items = [(item, members) for item in summaries if _fits(members := json.loads(item.body), wanted)]
        hidden = {_named(members) for _, members in items if not wanted.viewer.sees_status(_status(members))}
        owned = await self._owned(hidden, wanted.viewer.principal) if hidden else ()
        seen = [
            item for item, members in items if wanted.viewer.sees_status(_status(members)) or _named(members) in owned
        ]
        return seen if wanted.min_net_score is None else await self._reaching(seen, wanted.min_net_score)

    async def _owned(
        self, names: Collection[tuple[PackageType, str]], principal: str | None
    ) -> Collection[tuple[PackageType, str]]:
        return () if principal is None else await self._stores.names.list_owned(principal, names)

    async def _reaching(self, items: Sequence[PackageSummary], minimum: float) -> list[PackageSummary]:
        """Those whose current revision is rated, with at least this lower bound."""
        ratings = await self._stores.ratings.find_summaries([item.id for item in items])
        bounds = {rating.package_id: (rating.revision, rating.net_score_low) for rating in ratings.values()}
        return [
            item
            for item in items
            if (bound := bounds.get(item.id, (0, None)))[0] == item.revision
            and bound[1] is not None
            and reaches(millionths(bound[1]), minimum)
        ]


def _named(members: Mapping[str, Any]) -> tuple[PackageType, str]:
    return PackageType(members["type"]), members["name"]


def _status(members: Mapping[str, Any]) -> PackageStatus:
    return PackageStatus(members["status"])


def _fits(members: Mapping[str, Any], wanted: PackageFilter) -> bool:
    """Whether a package's JSON is what a filter wants, apart from its score and from who owns a hidden one."""
    kind, name = _named(members)
    return (
        _status(members) in wanted.statuses
        and wanted.viewer.sees_name(kind, name)
        and wanted.type in (None, kind)
        and wanted.name in (None, name)
        and wanted.created_by in (None, members["created_by"])
        and (wanted.tag is None or wanted.tag in members["tags"])
        and (wanted.versions is None or wanted.versions.contains(Version.parse(members["version"])))
    )
