"""Scoring as an isolated job: the metrics take cards, project files and license texts apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from registry.domain.evidence import Evidence, Fact, FactState
from registry.domain.ratings import MetricName, Rating
from registry.domain.receipts import encode_receipt
from registry.rating.score import rate

T = TypeVar("T")


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
    foreign: tuple[Fact[object], ...] = (evidence.archive, evidence.repository, evidence.tree, evidence.hub)
    return any(fact.value is not None for fact in (*foreign, evidence.card, evidence.datasets, evidence.claims_reading))


def without_untrusted_text(evidence: Evidence, reason: str) -> Evidence:
    """What is left when the texts in the evidence cannot be taken apart: they count as sources that failed.

    What was found in the content's files stays, findings of scanners above all: no text may hide them. Its license
    files count as not read.
    """

    def lost(fact: Fact[T]) -> Fact[T]:
        return Fact(fact.source, FactState.FAILED, reason=reason, latency_ms=fact.latency_ms)

    archive = evidence.archive
    if archive.value is not None:
        files = replace(archive.value, project=None, truncated=True, licenses=(), read_whole=False)
        archive = replace(archive, value=files)
    return replace(
        evidence,
        archive=archive,
        repository=lost(evidence.repository),
        tree=lost(evidence.tree),
        hub=lost(evidence.hub),
        datasets=lost(evidence.datasets),
        claims_reading=lost(evidence.claims_reading),
        card=lost(evidence.card),
    )
