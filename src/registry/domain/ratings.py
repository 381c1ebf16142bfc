"""Ratings: twelve metrics, the net score they make, and the receipt by which anyone can compute them again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from registry.domain.documents import format_time
from registry.domain.evidence import Evidence
from registry.domain.safety import Finding, SafetyStatus

FORMULA_VERSION = "3"
"""Changes whenever the same evidence could give other numbers."""


class MetricName(StrEnum):
    RAMP_UP_TIME = "ramp_up_time"
    BUS_FACTOR = "bus_factor"
    PERFORMANCE_CLAIMS = "performance_claims"
    LICENSE = "license"
    DATASET_AND_CODE = "dataset_and_code"
    DATASET_QUALITY = "dataset_quality"
    CODE_QUALITY = "code_quality"
    REPRODUCIBILITY = "reproducibility"
    REVIEWEDNESS = "reviewedness"
    TREE = "tree"
    SIZE = "size"
    SAFETY = "safety"


class Target(StrEnum):
    """Devices that `size` is given for."""

    RASPBERRY_PI = "raspberry_pi"
    JETSON_NANO = "jetson_nano"
    DESKTOP_PC = "desktop_pc"
    AWS_SERVER = "aws_server"


class MetricStatus(StrEnum):
    """MEASURED has a score. UNKNOWN: nothing to know it by. LOST: a source failed. INAPPLICABLE: nothing to measure."""

    MEASURED = "measured"
    UNKNOWN = "unknown"
    LOST = "lost"
    INAPPLICABLE = "inapplicable"


class RatingStatus(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class MetricResult:
    """What a metric's formula made of the evidence, all values in 0.0–1.0.

    `low` and `high` are what the score could be, were all sources to answer; a failed source widens them.
    `lost_to` names the sources whose failure took the score, or a part of it, away.
    """

    status: MetricStatus
    evidence: str
    score: float | None = None
    low: float = 0.0
    high: float = 1.0
    source: str | None = None
    latency_ms: int = 0
    lost_to: tuple[str, ...] = ()
    by_target: tuple[tuple[Target, float], ...] = ()


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A metric's result with the weight that it was given in this rating (before renormalising)."""

    name: MetricName
    weight: float
    result: MetricResult


@dataclass(frozen=True, slots=True)
class Rating:
    """A package's scores at one revision. `net_score` is None when no metric could be measured.

    `safety` is the verdict on the content, None where there is none, and `findings` are what it rests on.
    """

    package_id: str
    revision: int
    status: RatingStatus
    net_score: float | None
    net_score_range: tuple[float, float]
    rated_at: datetime
    latency_ms: int
    metrics: tuple[MetricScore, ...]
    formula_version: str
    safety: SafetyStatus | None
    findings: tuple[Finding, ...]

    def metric(self, name: MetricName) -> MetricResult:
        """The result of one metric."""
        return next(metric.result for metric in self.metrics if metric.name is name)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Evidence, weights and the rating that they gave."""

    evidence: Evidence
    weights: tuple[tuple[MetricName, float], ...]
    rating: Rating


def rating_members(rating: Rating) -> dict[str, Any]:
    """The public members of a rating, as plain JSON values."""
    return {
        "package_id": rating.package_id,
        "revision": rating.revision,
        "status": rating.status.value,
        "net_score": rating.net_score,
        "net_score_range": list(rating.net_score_range),
        "rated_at": format_time(rating.rated_at),
        "latency_ms": rating.latency_ms,
        "formula_version": rating.formula_version,
        "metrics": {metric.name.value: _metric_members(metric) for metric in rating.metrics},
        "safety": rating.safety.value if rating.safety else None,
        "findings": [
            {"path": found.path, "level": found.level.value, "scanner": found.scanner, "detail": found.detail}
            for found in rating.findings
        ],
    }


def _metric_members(metric: MetricScore) -> dict[str, Any]:
    result = metric.result
    members: dict[str, Any] = {
        "score": result.score,
        "status": result.status.value,
        "weight": metric.weight,
        "latency_ms": result.latency_ms,
        "source": result.source,
        "evidence": result.evidence,
    }
    if result.by_target:
        members["by_target"] = {target.value: score for target, score in result.by_target}
    if result.lost_to:
        members["lost_to"] = list(result.lost_to)
    return members
