"""The net score of a name's latest version, for badges."""

from collections.abc import Iterable

import orjson

from registry.domain.accounts import Caller
from registry.domain.errors import NotFound
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageType
from registry.domain.versions import Version
from registry.ports.packages import PackageStore, PackageSummary
from registry.services.packages.visibility import viewer_of
from registry.services.ratings.ratings import Ratings

_VERSIONS = 200


class Badges:
    def __init__(self, packages: PackageStore, ratings: Ratings) -> None:
        self._packages = packages
        self._ratings = ratings

    async def net_score(self, kind: PackageType, name: str, caller: Caller) -> float | None:
        """The net score of the highest active release among the newest versions, else of the highest prerelease.

        None while it is not rated. Raises NotFound where the caller sees no active version.
        """
        wanted = PackageFilter(type=kind, name=name, viewer=viewer_of(caller))
        page = await self._packages.list_page(wanted, limit=_VERSIONS, after=None)
        latest = _latest(page.items)
        if latest is None:
            raise NotFound(f"There is no {kind.value} by the name {name}.")
        found = await self._ratings.find_summaries([(latest.id, latest.revision)])
        return found[latest.id].net_score if latest.id in found else None


def _latest(items: Iterable[PackageSummary]) -> PackageSummary | None:
    versions = ((Version.parse(orjson.loads(item.body)["version"]), item) for item in items)
    best = max(versions, key=lambda found: (not found[0].prerelease, found[0], found[1].id), default=None)
    return None if best is None else best[1]
