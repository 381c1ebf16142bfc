"""The metric `safety`: what the verdict on the content is worth."""

import pytest

from registry.domain.evidence import SafetyFacts
from registry.domain.ratings import MetricName, MetricStatus
from registry.domain.safety import Finding, FindingLevel, NotScanned, SafetyStatus
from registry.rating.score import rate
from tests.rating.factories import absent, evidence, failed, known, package, safety

DANGEROUS = Finding("outer.zip!/m.pkl", FindingLevel.DANGEROUS, "pickle", "calls os.system")
SUSPICIOUS = Finding("m.bin", FindingLevel.SUSPICIOUS, "pickle", "imports acme.models")
UNREAD = (NotScanned("secret.zip", "encrypted"),)


@pytest.mark.parametrize(
    ("facts", "score", "low", "told"),
    [
        (safety(SafetyStatus.CLEAN), 1.0, 1.0, "clean: 3 files"),
        (safety(SafetyStatus.DANGEROUS, findings=(SUSPICIOUS, DANGEROUS)), 0.0, 0.0, "outer.zip!/m.pkl"),
        (safety(SafetyStatus.SUSPICIOUS, findings=(SUSPICIOUS,)), 0.5, 0.5, "imports acme.models"),
        (safety(SafetyStatus.SUSPICIOUS, findings=(SUSPICIOUS,), unread=2, not_scanned=UNREAD), 0.5, 0.0, "m.bin"),
    ],
)
def test_a_verdict_is_a_score(facts: SafetyFacts, score: float, low: float, told: str) -> None:
    rating = rate(evidence(safety=known(facts, "scanner"))).rating
    result = rating.metric(MetricName.SAFETY)
    assert (result.score, result.low, result.source) == (score, low, "scanner")
    assert told in result.evidence
    assert (rating.safety, rating.findings) == (facts.status, facts.findings)


def test_what_was_not_read_is_not_known() -> None:
    result = rate(evidence(safety=known(safety(SafetyStatus.NOT_SCANNED, unread=3, not_scanned=UNREAD)))).rating.metric(
        MetricName.SAFETY
    )
    assert (result.status, result.score, result.low, result.high) == (MetricStatus.UNKNOWN, None, 0.0, 1.0)
    assert result.evidence == "could not be read completely: secret.zip: encrypted; 2 more files"


def test_a_verdict_that_is_missing_is_lost_and_no_content_has_none() -> None:
    rating = rate(evidence(safety=failed("scanner", "the content has not been scanned yet"))).rating
    assert rating.metric(MetricName.SAFETY).status is MetricStatus.LOST
    assert rating.safety is None
    empty = rate(evidence(safety=absent("scanner", "the package has no content"))).rating
    assert empty.metric(MetricName.SAFETY).status is MetricStatus.INAPPLICABLE


def test_dangerous_content_scores_lower_than_its_harmless_twin() -> None:
    scores = [
        rate(evidence(package=package(license="MIT"), safety=known(facts))).rating.net_score
        for facts in (safety(SafetyStatus.DANGEROUS, findings=(DANGEROUS,)), safety(SafetyStatus.CLEAN))
    ]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0] < scores[1] - 0.15
