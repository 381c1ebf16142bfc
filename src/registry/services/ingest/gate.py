"""Refusing what scores too low, before it becomes visible."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from registry.domain.packages import Package
from registry.rating.collect import EvidenceCollector
from registry.services.ratings.parsing import Scorer as EvidenceScorer
from registry.services.safety.scanning import Scanning

_SCAN_SECONDS = 120.0
"""After that the score goes without the verdict."""
Scorer = Callable[[Package], Awaitable[float | None]]
"""The lower bound of the net score (0 to 1) of a package whose content is stored but not yet visible, None where
nothing could be measured.

Raises RegistryError when it cannot be decided now.
"""


@dataclass(frozen=True, slots=True)
class ScoreGate:
    """Packages that may score below `least` by what is unknown of them, or that nothing is known of, are refused."""

    scorer: Scorer
    least: float

    async def refusal(self, package: Package) -> str | None:
        """Why the package is refused, None when it passes."""
        score = await self.scorer(package)
        if score is None:
            return f"nothing could be rated; a score of at least {self.least:g} is asked for"
        if score < self.least:
            return f"its score may be as low as {score:g}; at least {self.least:g} is asked for"
        return None


def evidence_scorer(collector: EvidenceCollector, scorer: EvidenceScorer, scanning: Scanning) -> Scorer:
    """Scores as the rating that follows will; what could not be measured at that moment counts as 0."""

    async def score(package: Package) -> float | None:
        if package.content is not None:
            await scanning.settle(package.content, user=package.created_by, within_seconds=_SCAN_SECONDS)
        evidence = await collector.collect(package)
        rating = (await scorer.score(evidence, user=package.created_by)).rating
        return None if rating.net_score is None else rating.net_score_range[0]

    return score
