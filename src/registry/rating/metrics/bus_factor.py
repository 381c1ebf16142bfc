"""Would the project survive the loss of one of its people?

Formula: 1 − Σ pᵢ², where pᵢ is the share of commits by author i: the chance that two commits, drawn at random, are by
different people. One author gives 0, two equal ones 0.5, ten equal ones 0.9; a hundred occasional authors beside one
who does everything give hardly more than 0. Its inverse complement, 1 / Σ pᵢ², reads "as many as N equal authors".
The last year's commits count, where there are any; else those of all time. Bots do not count.

Source: the Gini–Simpson index (E. H. Simpson, "Measurement of Diversity", Nature 163, 1949); that a truck factor must
come from the distribution of commits: G. Avelino et al., "A novel approach for estimating truck factors", ICPC 2016.
"""

from math import fsum

from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.rating.results import counted, measured, unknown, without


def measure(evidence: Evidence) -> MetricResult:
    fact = evidence.commits
    if fact.value is None:
        return without(fact)
    authors = [(name, count) for name, count in fact.value.recent or fact.value.all_time if count > 0]
    total = sum(count for _, count in authors)
    if not total:
        return unknown("the repository shows no commits by people", fact)
    concentration = fsum((count / total) ** 2 for _, count in authors)
    first, most = max(authors, key=lambda author: (author[1], author[0]))
    period = (
        "the last year's newest commits" if fact.value.recent else "the commits of all time (none in the last year)"
    )
    return measured(
        1.0 - concentration,
        f"{period}: {counted(total, 'commit')} by {counted(len(authors), 'author')}, {most} of them by {first}; "
        f"as many as {1 / concentration:.1f} equal authors",
        fact,
    )
