"""How good is what the package is made from?

Formula: the mean of the net scores of its parents in the lineage graph, as of when the evidence was collected. Parents
that are not registered or have no rating yet do not count; when none has one, the score is unknown. A package without
parents has nothing to measure.
"""

from math import fsum

from registry.domain.evidence import Evidence, FactState
from registry.domain.ratings import MetricResult
from registry.rating.results import counted, inapplicable, lost, measured, unknown


def measure(evidence: Evidence) -> MetricResult:
    fact = evidence.parents
    if fact.state is FactState.ABSENT:
        return inapplicable(fact.reason, fact)
    if fact.value is None:
        return lost(fact)
    rated = [(parent.name, parent.net_score) for parent in fact.value if parent.net_score is not None]
    if not rated:
        return unknown(f"none of {counted(len(fact.value), 'parent')} is registered and rated", fact)
    shown = ", ".join(f"{name} {score:.2f}" for name, score in rated[:5])
    return measured(
        fsum(score for _, score in rated) / len(rated),
        f"mean of {len(rated)} of {counted(len(fact.value), 'parent')}: {shown}",
        fact,
    )
