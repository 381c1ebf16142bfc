"""How much of the code came in through pull requests that somebody else reviewed?

Formula: added lines of reviewed steps / added lines of all steps, over a sample of the newest steps of the default
branch (each a commit on its first-parent line, merges included). A step is reviewed when the pull request that brought
it has a review, in the form of an approval, a request for changes or comments, by a person other than its author.
Null without a repository, and where the steps added no lines.

Source: the check Code-Review of OpenSSF Scorecard (https://github.com/ossf/scorecard/blob/main/docs/checks.md), with
lines in place of changesets.
"""

from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.rating.results import counted, measured, unknown, without


def measure(evidence: Evidence) -> MetricResult:
    fact = evidence.reviews
    if fact.value is None:
        return without(fact)
    steps = fact.value.integrations
    total = sum(step.added_lines for step in steps)
    if not total:
        return unknown("the newest commits of the repository add no lines", fact)
    reviewed = [step for step in steps if step.reviewed]
    lines = sum(step.added_lines for step in reviewed)
    requests = sorted({step.pull_request for step in reviewed if step.pull_request is not None}, reverse=True)
    named = ", ".join(f"#{number}" for number in requests[:5])
    return measured(
        lines / total,
        f"{lines:,} of {counted(total, 'line')} added by the newest {counted(len(steps), 'commit')} came through "
        f"reviewed pull requests{f' ({named})' if named else ''}",
        fact,
    )
