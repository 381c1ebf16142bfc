"""The net scores of what a package is made from."""

from registry.domain.evidence import ParentScore
from registry.domain.packages import Package
from registry.ports.ratings import RatingStore
from registry.services.packages.catalog import Catalog


class LineageParentScores:
    """Implements `ParentScores`: names are resolved as the lineage graph resolves them, ratings are the latest."""

    def __init__(self, catalog: Catalog, ratings: RatingStore) -> None:
        self._catalog = catalog
        self._ratings = ratings

    async def parents(self, package: Package) -> tuple[ParentScore, ...]:
        found = await self._catalog.resolve(package.dependencies)
        # A package may depend on the same one in two ways, and by mistake on itself.
        parents = {parent.id: parent for parent in found.values() if parent.id != package.id}
        scores = await self._ratings.find_summaries(list(parents))
        registered = tuple(
            ParentScore(parent.id, parent.name, scores[parent.id].net_score if parent.id in scores else None)
            for parent in parents.values()
        )
        unknown = dict.fromkeys(dependency.name for dependency in package.dependencies if dependency not in found)
        return registered + tuple(ParentScore("", name, None) for name in unknown)
