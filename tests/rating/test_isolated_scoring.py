"""Scoring whose texts cannot be taken apart."""

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from registry.domain.errors import ParsingTimedOut
from registry.domain.evidence import Fact, FactState, LicenseSource, LicenseStatement, SafetyFacts
from registry.domain.ratings import MetricName, RatingStatus
from registry.domain.receipts import encode_receipt
from registry.domain.safety import Finding, FindingLevel, SafetyStatus
from registry.rating.collect import EvidenceCollector
from registry.rating.recompute import recompute
from registry.rating.score import DEFAULT_WEIGHTS, rate
from registry.rating.scoring import score_evidence, without_untrusted_text
from registry.rating.sources import Sources
from registry.services.ratings.parsing import Scorer
from tests.rating.factories import archive, evidence, package
from tests.rating.world import PACKAGE, SettableClock
from tests.sandbox import DirectCards, DirectSandbox

FOUND = Finding("m.pkl", FindingLevel.DANGEROUS, "registry", "imports os.system")


class SlowSandbox:
    """Implements Sandbox: every job takes too long."""

    async def run(self, function: Callable[..., object], *_: object, **__: object) -> NoReturn:
        raise ParsingTimedOut("reading it took longer than 20 s")


async def test_texts_that_cannot_be_taken_apart_are_lost_sources_and_hide_no_finding() -> None:
    collector = EvidenceCollector(Sources(), cards=DirectCards(), clock=SettableClock())
    collected = await collector.collect(replace(PACKAGE, readme="# A card"))
    verdict = SafetyFacts("ab", SafetyStatus.DANGEROUS, 1, findings=(FOUND,))
    collected = replace(collected, safety=Fact("safety", FactState.KNOWN, verdict))
    scored = await Scorer(SlowSandbox(), DEFAULT_WEIGHTS).score(collected, user="eve")
    assert scored.rating.status is RatingStatus.PARTIAL
    assert (scored.rating.safety, scored.rating.findings) == (SafetyStatus.DANGEROUS, (FOUND,))
    assert scored.rating.metric(MetricName.RAMP_UP_TIME).lost_to
    assert scored.rating == recompute(scored.receipt.encode()).rating


async def test_license_files_count_as_not_read_once_scoring_was_given_up() -> None:
    stated = LicenseStatement("LICENSE", LicenseSource.TEXT, "GPL-3.0-only")
    given = evidence(package=package(license="MIT"), archive=archive("LICENSE", licenses=(stated,)))
    scored = await Scorer(SlowSandbox(), DEFAULT_WEIGHTS).score(given, user="eve")
    result = scored.rating.metric(MetricName.LICENSE)
    assert (result.score, result.low) == (1.0, 0.0)
    assert "not read to its end" in result.evidence
    assert b"GPL-3.0-only" not in scored.receipt.encode()


async def test_a_score_is_the_same_in_a_job() -> None:
    collector = EvidenceCollector(Sources(), cards=DirectCards(), clock=SettableClock())
    collected = await collector.collect(replace(PACKAGE, readme="# A card"))
    scored = await Scorer(DirectSandbox(), DEFAULT_WEIGHTS).score(collected, user="ann")
    assert scored == score_evidence(collected, DEFAULT_WEIGHTS)
    assert scored.receipt.encode() == encode_receipt(rate(collected))
    assert without_untrusted_text(collected, "lost").package.value is not None
