"""The rating of one package for one request, in which several checks may ask for it."""

from registry.domain.packages import Package
from registry.ports.ratings import RatingSummary
from registry.services.ratings.ratings import Ratings


class RatingOnce:
    """The rating of the package's current revision: read when it is first asked for, and not again."""

    def __init__(self, ratings: Ratings, package: Package) -> None:
        self._ratings = ratings
        self._package = package
        self._found: tuple[RatingSummary | None] | None = None

    async def __call__(self) -> RatingSummary | None:
        """The rating, None while there is none. Raises Unavailable."""
        if self._found is None:
            key = (self._package.id, self._package.revision)
            self._found = ((await self._ratings.find_summaries([key])).get(self._package.id),)
        return self._found[0]
