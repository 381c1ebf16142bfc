"""Is it known what the package was made from, and is there code that shows how to use it?

Formula: the mean of two halves.

- dataset: 1 when a dataset that the package names was found on the hub or is a registered dependency, 0.5 when datasets
  are only named (card, hub, or a filled section on training data), 0 when none is. A dataset is its own dataset: 1 when
  it has content or is found on the hub, else 0. Code has no dataset; only the other half counts for it.
- code: 1 when archive or repository holds source files that are not empty; 0.5 when the card has code in it; else 0.

Unknown while a source is failing that could have raised a half. Source: completeness of artifacts, after the ML Code
Completeness Checklist (https://github.com/paperswithcode/releasing-research-code); the shares are this project's.
"""

from registry.domain.evidence import Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.formats.cards import card_fact, parse_card
from registry.formats.repository_urls import named_datasets
from registry.rating.results import counted, lost, measured

SOURCE_ENDINGS = (
    ".py",
    ".ipynb",
    ".js",
    ".ts",
    ".java",
    ".c",
    ".cc",
    ".cpp",
    ".rs",
    ".go",
    ".r",
    ".jl",
    ".scala",
    ".sh",
)


def measure(evidence: Evidence) -> MetricResult:
    package = evidence.package.value
    kind = package.type if package else "model"
    card = card_fact(evidence)
    halves = [_code(evidence, card)]
    if kind == "dataset":
        halves.insert(0, _own_data(evidence))
    elif kind != "code":
        halves.insert(0, _training_data(evidence, card))
    blamed = [fact for score, _, asked in halves if score < 1 for fact in asked if fact.failed]
    if blamed:
        return lost(*blamed)
    used: tuple[Fact[object], ...] = (
        card,
        evidence.hub,
        evidence.datasets,
        evidence.archive,
        evidence.tree,
        evidence.parents,
    )
    score = sum(score for score, _, _ in halves) / len(halves)
    return measured(score, "; ".join(text for _, text, _ in halves), *used, source=None if card.value else card.source)


_Half = tuple[float, str, tuple[Fact[object], ...]]


def _training_data(evidence: Evidence, card: Fact[str]) -> _Half:
    asked: tuple[Fact[object], ...] = (card, evidence.hub, evidence.datasets, evidence.parents)
    names = named_datasets(evidence.package.value, parse_card(card.value or "").names("datasets"), evidence.hub.value)
    found = [dataset.info.id for dataset in evidence.datasets.value or ()]
    found += [parent.name for parent in evidence.parents.value or () if parent.id and parent.name in names]
    if found:
        return 1.0, f"dataset found: {', '.join(list(dict.fromkeys(found))[:3])}", asked
    if names:
        return 0.5, f"datasets named, none found: {', '.join(names[:3])}", asked
    if card.value and parse_card(card.value).on("training data", "dataset"):
        return 0.5, "a section on training data, no dataset named in the metadata", asked
    return 0.0, "no dataset is named", asked


def _own_data(evidence: Evidence) -> _Half:
    package = evidence.package.value
    there = bool(package and package.content_size) or evidence.hub.value is not None
    return float(there), "the data is here" if there else "the package holds no data", (evidence.hub,)


def _code(evidence: Evidence, card: Fact[str]) -> _Half:
    asked: tuple[Fact[object], ...] = (card, evidence.archive, evidence.tree)
    for fact, where in ((evidence.archive, "archive"), (evidence.tree, "repository")):
        sources = [file.path for file in fact.value.files if file.size and is_source(file.path)] if fact.value else []
        if sources:
            return 1.0, f"code in the {where}: {sources[0]}", asked
    blocks = parse_card(card.value).code if card.value else ()
    if blocks:
        return 0.5, f"{counted(len(blocks), 'code block')} in the card, no source files", asked
    return 0.0, "no code was found", asked


def is_source(path: str) -> bool:
    """Whether a file of this name holds source code."""
    return path.lower().endswith(SOURCE_ENDINGS)
