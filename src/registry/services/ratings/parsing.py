"""What a rating has parsed and scored in isolated jobs, besides the package's content."""

import asyncio
from collections.abc import Mapping

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.errors import ParsingAborted
from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricName
from registry.formats.card_reading import read_card_text
from registry.formats.project_files import read_project
from registry.ports.sandbox import JobLimits, Sandbox
from registry.rating.scoring import Scored, holds_untrusted_text, score_evidence, without_untrusted_text

_MOST_CARD_SECONDS = 10.0
"""The largest honest cards take 0.3 s."""
_SCORE_LIMITS = JobLimits(seconds=20.0)
"""Trees of 100,000 files take a second."""


class IsolatedCardReader:
    """Implements CardReader."""

    def __init__(self, sandbox: Sandbox, *, seconds: float = _MOST_CARD_SECONDS) -> None:
        self._sandbox = sandbox
        self._limits = JobLimits(seconds=min(seconds, _MOST_CARD_SECONDS))

    async def read(self, card: str, *, names: tuple[str, ...], user: str) -> CardReading:
        return await self._sandbox.run(read_card_text, None, card, names, limits=self._limits, user=user)

    async def read_project(self, pyproject: str, *, user: str) -> ProjectFacts | None:
        return await self._sandbox.run(read_project, None, pyproject, limits=self._limits, user=user)


class Scorer:
    """Scores evidence by the settings' weights."""

    def __init__(self, sandbox: Sandbox, weights: Mapping[MetricName, float]) -> None:
        self._sandbox = sandbox
        self._weights = dict(weights)

    async def score(self, evidence: Evidence, *, user: str) -> Scored:
        """The rating of `user`'s package. Texts that cannot be taken apart within the limits are lost sources."""
        if holds_untrusted_text(evidence):
            try:
                return await self._sandbox.run(
                    score_evidence, None, evidence, self._weights, limits=_SCORE_LIMITS, user=user
                )
            except ParsingAborted as error:
                evidence = without_untrusted_text(evidence, str(error))
        return await asyncio.to_thread(score_evidence, evidence, self._weights)
