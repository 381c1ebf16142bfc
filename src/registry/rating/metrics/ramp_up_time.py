"""How soon can somebody who has never seen the package use it?

Formula: the sum of what its README (or card) gives a newcomer:

- 0.25 × words / 300, at most 0.25: enough to read
- 0.25 for a section on usage, a quick start or examples
- 0.25 for a block of code
- 0.15 for a line that installs something (`pip install`, `conda install`, `docker run`, `git clone` …)
- 0.10 for three sections or more: parts that can be found

A section counts when words or code stand beneath its heading, other than a template's "More Information Needed"; a
block when there is code in it. 0 without a README.

Source: what a README answers, after G. A. A. Prana et al., "Categorizing the Content of GitHub README Files", Empirical
Software Engineering 24 (2019); the shares are this project's.
"""

import re

from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.formats.cards import card_fact, parse_card
from registry.rating.results import counted, lost, measured

ENOUGH_WORDS = 300
_INSTALLS = re.compile(
    r"\b(?:pip3?|uv|conda|mamba|npm|cargo|brew|apt-get|apt) (?:pip )?(?:install|add)\b"
    r"|\bdocker (?:run|pull)\b|\bgit (?:clone|lfs)\b|\bgo install\b"
)


def measure(evidence: Evidence) -> MetricResult:
    fact = card_fact(evidence)
    if fact.value is None:
        return lost(fact) if fact.failed else measured(0.0, fact.reason, fact, source=fact.source)
    card = parse_card(fact.value)
    installs = any(_INSTALLS.search(line) for line in fact.value.splitlines())
    parts = (
        (0.25 * min(1.0, card.words / ENOUGH_WORDS), counted(card.words, "word")),
        (0.25 * bool(card.on("usage", "quick", "getting started", "example", "how to use")), "a usage section"),
        (0.25 * bool(card.code), "an example in code"),
        (0.15 * installs, "an install line"),
        (0.10 * (len(card.sections) >= 3), "three sections"),
    )
    missing = [name for share, name in parts if share == 0]
    present = [name for share, name in parts if share > 0]
    text = f"README with {', '.join(present) or 'nothing of use'}"
    return measured(
        sum(share for share, _ in parts), text + (f"; without {', '.join(missing)}" if missing else ""), fact
    )
