"""May others build on the package?

Formula: the share of compatible uses among sixteen, by `is_compatible`: running it, and fine-tuning it, in a project
under each of eight common licenses (MIT, Apache-2.0, MPL-2.0, LGPL-3.0-or-later, GPL-3.0-or-later, AGPL-3.0-or-later,
CC-BY-NC-4.0, proprietary). MIT gives 1, the GPL 0.625, CC-BY-NC-4.0 0.125, none 0. Record, card, package metadata,
license texts, hub and repository are all evidence: the strictest counts by `STRICTNESS`, and among equally strict ones
that which allows less; a contradiction is reported. A license text that is none of the list is the strictest of all. No
license is no permission, so 0, once every source has answered; while one is failing, unknown. What a failing source, or
the rest of an archive that was not read whole, might say can lower the score; and raise it only where it says what a
license text, or the name of several licenses, stands for.

Source: the compatibility table of `registry.formats.license_terms`, by what `registry.formats.license_expressions`
cites.
"""

from registry.domain.card_facts import CardReading
from registry.domain.evidence import Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.formats.license_evidence import Stated, Weighed, stated_by_name, stated_in_archive, weigh
from registry.formats.license_names import MISSING
from registry.formats.license_trees import License, LicenseUse, is_compatible, read_tree, strictness
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


_NOT_WHOLE = "; the archive was not read to its end, where a stricter license may stand"


def measure(evidence: Evidence) -> MetricResult:
    card = evidence.card
    asked: tuple[Fact[object], ...] = (evidence.package, evidence.archive, card, evidence.hub, evidence.repository)
    by_statement = _statements(evidence, card)
    lost_to = failures(*asked)
    whole = evidence.archive.value is None or evidence.archive.value.read_whole
    rest = "" if whole else _NOT_WHOLE
    if not by_statement:
        if lost_to:
            return lost(*asked)
        high = 0.0 if whole else 1.0
        return measured(0.0, f"no license is stated anywhere{rest}", *asked, source="record", high=high)
    weighed = weigh([stated for stated, _ in by_statement])
    score, strictest = _strictest(weighed)
    fact = next((fact for stated, fact in by_statement if stated.where == strictest.where), evidence.archive)
    low = high = score
    if lost_to or not whole:
        low = 0.0
        high = 1.0 if any(stated.is_text or stated.license is None for stated, _ in by_statement) else score
    return measured(score, _stated_as(weighed, strictest, score) + rest, fact, low=low, high=high, lost_to=lost_to)


def _strictest(weighed: Weighed) -> tuple[float, Stated]:
    """The statement that counts, and its score."""
    most = strictness(weighed.stated[0].license)
    scored = [(share_of_uses(it.license), it) for it in weighed.stated if strictness(it.license) == most]
    return min(scored, key=lambda it: it[0])


def _stated_as(weighed: Weighed, strictest: Stated, score: float) -> str:
    stated = f"license: {strictest}, compatible with {round(score * 16)} of 16 common uses"
    others = ", ".join(str(it) for it in weighed.stated if it is not strictest)
    if not others:
        return stated
    return (
        f"{stated}; contradiction, the strictest counts: also {others}"
        if weighed.contradict
        else f"{stated}; also {others}"
    )


def _statements(evidence: Evidence, card: Fact[CardReading]) -> list[tuple[Stated, Fact[object]]]:
    package, archive = evidence.package.value, evidence.archive.value
    hub, repository = evidence.hub.value, evidence.repository.value
    named: list[tuple[str | None, str | None, str, Fact[object]]] = []
    if package is not None:
        named.append((package.license, package.license_expression, "the record", evidence.package))
    if card.value is not None:
        # Of several, nobody says whether one may choose: all must be met.
        named += [(name, expression, "the card", card) for name, expression in card.value.licenses]
    if hub is not None:
        named.append((hub.license, hub.license_expression, "the hub", evidence.hub))
    if repository is not None:
        named.append((repository.license, repository.license_expression, "the repository", evidence.repository))
    found: list[tuple[Stated, Fact[object]]] = [
        (stated_by_name(text, where, expression), fact)
        for text, expression, where, fact in named
        if text and text.strip().lower() not in MISSING
    ]
    return found + [(stated, evidence.archive) for stated in stated_in_archive(archive.licenses if archive else ())]


def share_of_uses(expression: str | None) -> float:
    """The share of the sixteen uses that this normalised expression allows."""
    tree = read_tree(expression)
    if tree is None:
        return 0.0
    allowed = [is_compatible(tree, License(project), use)[0] for project in PROJECT_LICENSES for use in LicenseUse]
    return sum(allowed) / len(allowed)
