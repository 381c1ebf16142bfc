"""Can the package be loaded without running code that its author hid in it?

Formula, by the verdict on the content: clean 1, suspicious 0.5, dangerous 0. What could not be read completely is null:
nobody knows what it holds. Where a suspicious content also has files that could not be read, it may be dangerous, so
the range begins at 0. A package without content has nothing to scan.

Source: the registry's own scan, see `docs/safety.md`.
"""

from registry.domain.evidence import Evidence, FactState, SafetyFacts
from registry.domain.ratings import MetricResult
from registry.domain.safety import SafetyStatus
from registry.rating.results import counted, inapplicable, lost, measured, unknown

_SCORES = {SafetyStatus.CLEAN: 1.0, SafetyStatus.SUSPICIOUS: 0.5, SafetyStatus.DANGEROUS: 0.0}


def measure(evidence: Evidence) -> MetricResult:
    fact = evidence.safety
    if fact.state is FactState.ABSENT:
        return inapplicable(fact.reason, fact)
    facts = fact.value
    if facts is None:
        return lost(fact)
    score = _SCORES.get(facts.status)
    if score is None:
        return unknown(_unread(facts), fact)
    low = 0.0 if facts.unread else score
    return measured(score, _told(facts), fact, low=low)


def _told(facts: SafetyFacts) -> str:
    if not facts.findings:
        return f"clean: {counted(facts.scanned, 'file')} that can carry code, read completely, nothing found"
    worst = next(finding for finding in facts.findings if finding.level.value == facts.status.value)
    more = f"; {counted(len(facts.findings) - 1, 'more finding')}" if len(facts.findings) > 1 else ""
    return f"{facts.status.value}: {worst.path}: {worst.detail} ({worst.scanner}){more}"


def _unread(facts: SafetyFacts) -> str:
    first = facts.not_scanned[0]
    more = f"; {counted(facts.unread - 1, 'more file')}" if facts.unread > 1 else ""
    return f"could not be read completely: {first.path}: {first.reason}{more}"
