"""May others build on the package?

Formula: the share of compatible uses among sixteen, by `check_license`: running it, and fine-tuning it, in a project
under each of eight common licenses (MIT, Apache-2.0, MPL-2.0, LGPL-3.0-or-later, GPL-3.0-or-later, AGPL-3.0-or-later,
CC-BY-NC-4.0, proprietary). MIT gives 1, the GPL 0.625, CC-BY-NC-4.0 0.125, none 0. Where record, card, hub and
repository name different licenses, the lowest counts: nobody can rely on the better one. No license is no permission,
so 0, once every source has answered; while one is failing, unknown. What a failing source might name can only lower the
score.

Source: the compatibility table of `registry.formats.license_expressions`, which cites its own.
"""

from registry.domain.card_facts import CardReading
from registry.domain.evidence import Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.formats.license_expressions import LicenseUse, check_license
from registry.rating.results import failures, lost, measured

PROJECT_LICENSES = (
    "MIT",
    "Apache-2.0",
    "MPL-2.0",
    "LGPL-3.0-or-later",
    "GPL-3.0-or-later",
    "AGPL-3.0-or-later",
    "CC-BY-NC-4.0",
    "LicenseRef-proprietary",
)


def measure(evidence: Evidence) -> MetricResult:
    card = evidence.card
    asked: tuple[Fact[object], ...] = (evidence.package, card, evidence.hub, evidence.repository)
    stated = _statements(evidence, card)
    if not stated:
        failed = any(fact.failed for fact in asked)
        return lost(*asked) if failed else measured(0.0, "no license is stated anywhere", *asked, source="record")
    scores = [(share_of_uses(text), text, where, fact) for text, where, fact in stated]
    score, text, where, fact = min(scores, key=lambda it: it[0])
    told = f"license: {text} in {where}, compatible with {round(score * 16)} of 16 common uses"
    others = [f"{other} in {place}" for _, other, place, _ in scores if other.lower() != text.lower()]
    lost_to = failures(*asked)
    low = 0.0 if lost_to else score
    return measured(
        score, told + (f"; also stated: {', '.join(others)}" if others else ""), fact, low=low, lost_to=lost_to
    )


def _statements(evidence: Evidence, card: Fact[CardReading]) -> list[tuple[str, str, Fact[object]]]:
    package, hub, repository = evidence.package.value, evidence.hub.value, evidence.repository.value
    found: list[tuple[str | None, str, Fact[object]]] = []
    found.append((package.license if package else None, "the record", evidence.package))
    if card.value is not None:
        found.append((card.value.license, "the card", card))
    found.append((hub.license if hub else None, "the hub", evidence.hub))
    found.append((repository.license if repository else None, "the repository", evidence.repository))
    return [(text.strip(), where, fact) for text, where, fact in found if text and text.strip()]


def share_of_uses(license_text: str) -> float:
    """The share of the sixteen uses that this license allows."""
    allowed = [check_license(license_text, project, use) for project in PROJECT_LICENSES for use in LicenseUse]
    return sum(answer.compatible for answer in allowed) / len(allowed)
