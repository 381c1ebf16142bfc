"""The net score of a name's latest version, for badges."""

from registry.domain.accounts import Caller
from registry.domain.errors import NotFound
from registry.domain.packages import PackageType
from registry.services.names.names import Names
from registry.services.ratings.ratings import Ratings


class Badges:
    def __init__(self, names: Names, ratings: Ratings) -> None:
        self._names = names
        self._ratings = ratings

    async def net_score(self, kind: PackageType, name: str, caller: Caller) -> float | None:
        """The net score of the latest version: the highest active release, else the highest active prerelease.

        None while it is not rated. Raises NotFound where the caller sees no active version.
        """
        latest = (await self._names.read(kind, name, caller)).latest
        if latest is None:
            raise NotFound(f"There is no {kind.value} by the name {name}.")
        rating = await self._ratings.find_latest(latest.id)
        return None if rating is None else rating.net_score
