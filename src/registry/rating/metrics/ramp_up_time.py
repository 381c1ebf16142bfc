"""How soon can somebody who has never seen the package use it?

Formula: the sum of what its README (or card) gives a newcomer:

- 0.25 × words / 300, at most 0.25: enough to read. Repetitions do not count, nor do a template's fillers
- 0.25 for showing the use: an example in a section or in the introduction, or a section that is named for it and has
  ten words or code
- 0.25 for an example: a block of code that calls what it imports, or a command that names the package
- 0.15 for a command that installs the package or what the example imports
- 0.10 for three sections with five words or code in each, no two of them the same

In any human language: a section with an example is one on usage, whatever its heading says, and words of scripts
without spaces are counted by their characters. In Markdown, reStructuredText and plain text. 0 without a README.

Source: what a README answers, after G. A. A. Prana et al., "Categorizing the Content of GitHub README Files", Empirical
Software Engineering 24 (2019); the shares are this project's.
"""

from registry.domain.card_facts import CardReading, Subject
from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.formats.project_files import distribution
from registry.rating.results import counted, lost, measured

ENOUGH_WORDS = 300
_USAGE_WORDS = 10
_SECTION_WORDS = 5


def measure(evidence: Evidence) -> MetricResult:
    fact = evidence.card
    card = fact.value
    if card is None:
        return lost(fact) if fact.failed else measured(0.0, fact.reason, fact, source=fact.source)
    shown = [section for section in card.sections if section.example]
    named = card.on(Subject.USAGE, words=_USAGE_WORDS)
    # Subsections stand after their section: the last one that shows an example is the nearest to it.
    section = next((section for section in (*named, *reversed(shown))), None)
    usage = f"under “{section.heading}”" if section else ("in the introduction" if card.example is not None else None)
    sections = sum(section.code or section.words >= _SECTION_WORDS for section in card.sections)
    installed = _installed(evidence, card)
    parts = (
        (0.25 * min(1.0, card.words / ENOUGH_WORDS), counted(card.words, "word"), "words"),
        (0.25 * (usage is not None), f"usage {usage}", "a usage section"),
        (0.25 * (card.example is not None), f"an example in block {card.example}", "an example in code"),
        (0.15 * (installed is not None), f"an install command ({installed})", "an install command"),
        (0.10 * (sections >= 3), counted(sections, "section"), "three sections"),
    )
    missing = [name for share, _, name in parts if share == 0]
    present = [found for share, found, _ in parts if share > 0]
    text = f"README with {', '.join(present) or 'nothing of use'}"
    return measured(
        sum(share for share, _, _ in parts), text + (f"; without {', '.join(missing)}" if missing else ""), fact
    )


def _installed(evidence: Evidence, card: CardReading) -> str | None:
    """What the card installs, if that is the package, its folder, or what its examples import."""
    package, archive, tree = evidence.package.value, evidence.archive.value, evidence.tree.value
    names = [package.name.rsplit("/", 1)[-1]] if package else []
    names += [facts.project.name for facts in (archive, tree) if facts and facts.project and facts.project.name]
    names += [module.split(".", 1)[0] for block in card.demonstrations if block.used for module in block.imports]
    names += [card.repository.rsplit("/", 1)[-1]] if card.repository else []
    wanted = {distribution(name) for name in names} | {"."}
    return next((name for name in card.installs if name in wanted), None)
