"""Scoring whose texts cannot be taken apart."""

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from registry.domain.errors import ParsingTimedOut
from registry.domain.evidence import Fact, FactState, SafetyFacts
from registry.domain.ratings import MetricName, RatingStatus
from registry.domain.receipts import encode_receipt
from registry.domain.safety import Finding, FindingLevel, SafetyStatus
from registry.rating.collect import EvidenceCollector
from registry.rating.recompute import recompute
from registry.rating.score import DEFAULT_WEIGHTS, rate
from registry.rating.scoring import score_evidence, without_untrusted_text
from registry.rating.sources import Sources
from registry.services.ratings.parsing import Scorer
from tests.rating.world import PACKAGE, SettableClock
from tests.sandbox import DirectCards, DirectSandbox

FOUND = Finding("m.pkl", FindingLevel.DANGEROUS, "registry", "imports os.system")


class SlowSandbox:
    """Implements Sandbox: every job takes too long."""

    async def run(self, function: Callable[..., object], *_: object, **__: object) -> NoReturn:
        raise ParsingTimedOut("reading it took longer than 20 s")


async def test_texts_that_cannot_be_taken_apart_are_lost_sources_and_hide_no_finding() -> None:
    collector = EvidenceCollector(Sources(), cards=DirectCards(), clock=SettableClock())
    evidence = await collector.collect(replace(PACKAGE, readme="# A card"))
    verdict = SafetyFacts("ab", SafetyStatus.DANGEROUS, 1, findings=(FOUND,))
    evidence = replace(evidence, safety=Fact("safety", FactState.KNOWN, verdict))
    scored = await Scorer(SlowSandbox(), DEFAULT_WEIGHTS).score(evidence, user="eve")
    assert scored.rating.status is RatingStatus.PARTIAL
    assert (scored.rating.safety, scored.rating.findings) == (SafetyStatus.DANGEROUS, (FOUND,))
    assert scored.rating.metric(MetricName.RAMP_UP_TIME).lost_to
    assert scored.rating == recompute(scored.receipt.encode()).rating


async def test_a_score_is_the_same_in_a_job() -> None:
    collector = EvidenceCollector(Sources(), cards=DirectCards(), clock=SettableClock())
    evidence = await collector.collect(replace(PACKAGE, readme="# A card"))
    scored = await Scorer(DirectSandbox(), DEFAULT_WEIGHTS).score(evidence, user="ann")
    assert scored == score_evidence(evidence, DEFAULT_WEIGHTS)
    assert scored.receipt.encode() == encode_receipt(rate(evidence))
    assert without_untrusted_text(evidence, "lost").package.value is not None
