"""Are claims about performance there, in a form that can be checked?

Formula: 0.7 × the mean worth of the card's claims + 0.3 × claims with a metric and a dataset / 3 (at most 1).

A claim is a number with its metric, its dataset and its source: a result of the front matter's `model-index`, a line of
prose, or a cell of a table (`registry.formats.claims` says when they belong together). It is worth 0.2 with a metric or
a dataset, 0.6 with both, 0.4 more with a source; each metric on each dataset counts once. A result of the
`model-index` without task, dataset, metric or number, or with an impossible number (an accuracy of 250), is a claim
worth nothing. A list of benchmarks without numbers is no claim, nor is a link to a paper.

A text model, where one is set up, is a second reader: score = 0.75 × card + 0.25 × reading. Its answer is evidence
from untrusted text, so a quarter is all that words meant for it could ever move. Without a text model the card's score
stands alone; when it fails, too, with the range that its answer could have made. 0 without a card. Code and datasets
make no such claims.

Source: the model-index of https://huggingface.co/docs/hub/model-cards#evaluation-results; M. Mitchell et al., "Model
Cards for Model Reporting", FAT* 2019 (metrics, evaluation data); the shares are this project's.
"""

from math import fsum

from registry.domain.card_facts import CardReading, ClaimFacts
from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.rating.results import counted, failures, inapplicable, lost, measured

READER_SHARE = 0.25
ENOUGH_CLAIMS = 3


def measure(evidence: Evidence) -> MetricResult:
    fact, reading, package = evidence.card, evidence.claims_reading, evidence.package.value
    if package and package.type != "model":
        return inapplicable(f"{_A[package.type]} makes no claims about a model's performance", evidence.package)
    if fact.value is None:
        return lost(fact) if fact.failed else measured(0.0, fact.reason, fact, source=fact.source)
    score, text = _from_card(fact.value)
    if reading.value is not None:
        judged = f"; {reading.value.model} gives {reading.value.score:.2f}: {reading.value.reason}"
        total = (1 - READER_SHARE) * score + READER_SHARE * reading.value.score
        return measured(total, text + judged, fact, reading)
    if not reading.failed:
        return measured(score, f"{text}; {reading.reason}", fact, reading)
    return measured(
        score,
        f"{text}; the text model did not answer: {reading.reason}",
        fact,
        reading,
        low=(1 - READER_SHARE) * score,
        high=(1 - READER_SHARE) * score + READER_SHARE,
        lost_to=failures(reading),
    )


_A = {"code": "code", "dataset": "a dataset"}


def _from_card(card: CardReading) -> tuple[float, str]:
    number = len(card.claims) + card.malformed_results
    if not number:
        return 0.0, "no number with a metric or a dataset beside it"
    together = [claim for claim in card.claims if claim.metric and claim.dataset]
    sourced = [claim for claim in together if claim.source]
    mean = fsum(map(_worth, card.claims)) / number
    all_three = f"{len(together)} with metric and dataset, {len(sourced)} with a source too"
    stated = [f"{counted(len(card.claims), 'claim')}, {all_three}"]
    if card.results:
        well_formed = card.results - card.malformed_results
        stated.append(f"{well_formed} of {counted(card.results, 'result')} in the model-index well-formed")
    if best := (sourced or together):
        stated.append(", ".join(map(_shown, best[:3])))
    return 0.7 * mean + 0.3 * min(1.0, len(together) / ENOUGH_CLAIMS), "; ".join(stated)


def _worth(claim: ClaimFacts) -> float:
    return (0.6 if claim.metric and claim.dataset else 0.2) + (0.4 if claim.source and claim.dataset else 0.0)


def _shown(claim: ClaimFacts) -> str:
    return f"{claim.metric} {claim.value:g} on {claim.dataset}"
