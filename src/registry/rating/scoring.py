"""Scoring as an isolated job: the metrics take cards, project files and license texts apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricName, Rating
from registry.domain.receipts import encode_receipt
from registry.rating.score import rate


@dataclass(frozen=True, slots=True)
class Scored:
    """A rating, and its receipt's canonical text."""

    rating: Rating
    receipt: str


def score_evidence(evidence: Evidence, weights: Mapping[MetricName, float]) -> Scored:
    """The rating that the evidence gives. Takes some ms to some 100 ms. Raises InvalidInput for unusable weights."""
    receipt = rate(evidence, weights)
    return Scored(receipt.rating, encode_receipt(receipt).decode())


def holds_untrusted_text(evidence: Evidence) -> bool:
    """Whether scoring parses more than the record's own short fields."""
    package, archive = evidence.package.value, evidence.archive.value
    texts = (
        package.readme if package else None,
        *((archive.readme, archive.config, archive.pyproject) if archive else ()),
    )
    foreign = (evidence.repository, evidence.repository_readme, evidence.tree, evidence.hub, evidence.hub_card)
    return any(texts) or any(fact.value is not None for fact in (*foreign, evidence.datasets, evidence.claims_reading))
