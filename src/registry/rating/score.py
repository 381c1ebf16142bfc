"""From evidence to a rating: every metric by its formula, then the weighted mean of what was measured. Pure.

net score = Σ wᵢ·sᵢ / Σ wᵢ over the metrics with a score. `net_score_range` is the same mean over all metrics that
apply, unknown ones at 0 for its low end and at 1 for its high end: nothing stands in for what was not measured.
"""

from collections.abc import Callable, Mapping
from math import fsum, isfinite

from registry.domain.errors import InvalidInput
from registry.domain.evidence import Evidence
from registry.domain.ratings import (
    FORMULA_VERSION,
    MetricName,
    MetricResult,
    MetricScore,
    MetricStatus,
    Rating,
    RatingStatus,
    Receipt,
)
from registry.rating.metrics import (
    bus_factor,
    code_quality,
    dataset_and_code,
    dataset_quality,
    performance_claims,
    ramp_up_time,
    reproducibility,
    reviewedness,
    safety,
    size,
    tree,
)
from registry.rating.metrics import license as license_metric
from registry.rating.results import bounded

METRICS: Mapping[MetricName, Callable[[Evidence], MetricResult]] = {
    MetricName.RAMP_UP_TIME: ramp_up_time.measure,
    MetricName.BUS_FACTOR: bus_factor.measure,
    MetricName.PERFORMANCE_CLAIMS: performance_claims.measure,
    MetricName.LICENSE: license_metric.measure,
    MetricName.DATASET_AND_CODE: dataset_and_code.measure,
    MetricName.DATASET_QUALITY: dataset_quality.measure,
    MetricName.CODE_QUALITY: code_quality.measure,
    MetricName.REPRODUCIBILITY: reproducibility.measure,
    MetricName.REVIEWEDNESS: reviewedness.measure,
    MetricName.TREE: tree.measure,
    MetricName.SIZE: size.measure,
    MetricName.SAFETY: safety.measure,
}

DEFAULT_WEIGHTS: Mapping[MetricName, float] = {
    MetricName.RAMP_UP_TIME: 0.1,
    MetricName.BUS_FACTOR: 0.1,
    MetricName.PERFORMANCE_CLAIMS: 0.1,
    MetricName.LICENSE: 0.2,
    MetricName.DATASET_AND_CODE: 0.075,
    MetricName.DATASET_QUALITY: 0.075,
    MetricName.CODE_QUALITY: 0.1,
    MetricName.REPRODUCIBILITY: 0.1,
    MetricName.REVIEWEDNESS: 0.05,
    MetricName.TREE: 0.05,
    MetricName.SIZE: 0.05,
    MetricName.SAFETY: 0.2,
}


def rate(evidence: Evidence, weights: Mapping[MetricName, float] = DEFAULT_WEIGHTS) -> Receipt:
    """The rating that this evidence gives, with all that is needed to compute it again.

    Raises InvalidInput when a weight is missing, negative or no number, or when all are 0.
    """
    package = evidence.package.value
    if package is None:
        raise InvalidInput("there is no rating without a package's record", pointer="/evidence/package")
    checked = check_weights(weights)
    metrics = tuple(MetricScore(name, checked[name], measure(evidence)) for name, measure in METRICS.items())
    rating = Rating(
        package_id=package.id,
        revision=package.revision,
        status=RatingStatus.PARTIAL if any(metric.result.lost_to for metric in metrics) else RatingStatus.COMPLETE,
        net_score=net_score(metrics),
        net_score_range=net_score_range(metrics),
        rated_at=evidence.collected_at,
        latency_ms=evidence.latency_ms,
        metrics=metrics,
        formula_version=FORMULA_VERSION,
        safety=evidence.safety.value.status if evidence.safety.value else None,
        findings=evidence.safety.value.findings if evidence.safety.value else (),
    )
    return Receipt(evidence, tuple(checked.items()), rating)


def check_weights(weights: Mapping[MetricName, float]) -> dict[MetricName, float]:
    """The weights in the metrics' order. Raises InvalidInput."""
    checked = {name: float(weights.get(name, -1)) for name in MetricName}
    wrong = [name.value for name, weight in checked.items() if not (isfinite(weight) and 0 <= weight <= 1_000)]
    if wrong or not any(checked.values()):
        raise InvalidInput(
            f"every metric needs a weight of 0–1000, and one must be above 0: {', '.join(wrong) or 'all are 0'}",
            pointer="/weights",
        )
    return checked


def net_score(metrics: tuple[MetricScore, ...]) -> float | None:
    """The weighted mean over the metrics that were measured, None when none was (or those have no weight)."""
    scored = [(metric.weight, metric.result.score) for metric in metrics if metric.result.score is not None]
    weight = fsum(weight for weight, _ in scored)
    return bounded(fsum(weight * score for weight, score in scored) / weight) if weight else None


def net_score_range(metrics: tuple[MetricScore, ...]) -> tuple[float, float]:
    """The lowest and the highest net score that unknown metrics could make it."""
    open_to = [metric for metric in metrics if metric.result.status is not MetricStatus.INAPPLICABLE]
    weight = fsum(metric.weight for metric in open_to)
    if not weight:
        return 0.0, 1.0
    low = fsum(metric.weight * metric.result.low for metric in open_to) / weight
    high = fsum(metric.weight * metric.result.high for metric in open_to) / weight
    return bounded(low), bounded(high)
