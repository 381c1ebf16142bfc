"""How a metric states its result."""

from registry.domain.evidence import Fact
from registry.domain.ratings import MetricResult, MetricStatus, Target

SCORE_DIGITS = 6
"""Scores are rounded, so that the last bit of a platform's logarithm cannot change a receipt."""


def bounded(value: float) -> float:
    """`value` within 0.0–1.0, rounded as scores are."""
    return round(min(1.0, max(0.0, value)), SCORE_DIGITS)


def measured(
    score: float,
    evidence: str,
    *facts: Fact[object],
    low: float | None = None,
    high: float | None = None,
    source: str | None = None,
    lost_to: tuple[str, ...] = (),
    by_target: tuple[tuple[Target, float], ...] = (),
) -> MetricResult:
    """A score with the facts it rests on. `low` and `high` are given when a failed source could move it."""
    score = bounded(score)
    return MetricResult(
        status=MetricStatus.MEASURED,
        evidence=evidence,
        score=score,
        low=score if low is None else bounded(low),
        high=score if high is None else bounded(high),
        source=source or _sources(facts),
        latency_ms=_latency_ms(facts),
        lost_to=lost_to,
        by_target=by_target,
    )


def unknown(evidence: str, *facts: Fact[object]) -> MetricResult:
    """No score: every source answered (or there was none to ask), and none knew."""
    return MetricResult(MetricStatus.UNKNOWN, evidence, latency_ms=_latency_ms(facts))


def inapplicable(evidence: str, *facts: Fact[object]) -> MetricResult:
    """No score: the package has nothing of the kind that this metric measures."""
    return MetricResult(MetricStatus.INAPPLICABLE, evidence, low=0.0, high=0.0, latency_ms=_latency_ms(facts))


def lost(*facts: Fact[object]) -> MetricResult:
    """No score, because sources failed that could have known. Rating again may find it."""
    failed = [fact for fact in facts if fact.failed]
    return MetricResult(
        MetricStatus.LOST,
        "; ".join(f"{fact.source}: {fact.reason}" for fact in failed),
        latency_ms=_latency_ms(facts),
        lost_to=failures(*facts),
    )


def without(fact: Fact[object]) -> MetricResult:
    """The result of a metric that rests on one fact which is not known."""
    return lost(fact) if fact.failed else unknown(fact.reason, fact)


def failures(*facts: Fact[object]) -> tuple[str, ...]:
    """The names of the sources that failed, each once."""
    return tuple(dict.fromkeys(fact.source for fact in facts if fact.failed))


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _sources(facts: tuple[Fact[object], ...]) -> str | None:
    return ", ".join(dict.fromkeys(fact.source for fact in facts if fact.value is not None)) or None


def _latency_ms(facts: tuple[Fact[object], ...]) -> int:
    return max((fact.latency_ms for fact in facts), default=0)
