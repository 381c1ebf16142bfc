"""Is it known what the package was made from, and is there code that shows how to use it?

Formula: the mean of two halves.

- dataset: 1 when a dataset that the package names was found on the hub and the card's prose says so too, or is a
  registered dependency; 0.5 when datasets are only named (in metadata, or a section on training data of ten words); 0
  when none is. A dataset is its own dataset: 1 when its content holds files of data (or the hub lists some), else 0: a
  README, a license and a script are no data. Code has no dataset; only the other half counts for it, and only this one
  for a dataset.
- code: 1 when archive or repository holds source files that are not empty; 0.5 when the card has an example; else 0.
  Python that holds nothing but comments is empty.

Unknown while a source is failing that could have raised a half. Source: completeness of artifacts, after the ML Code
Completeness Checklist (https://github.com/paperswithcode/releasing-research-code); the shares are this project's.
"""

from collections.abc import Iterable

from registry.domain.card_facts import CardReading, Subject
from registry.domain.evidence import ArchiveFacts, Evidence, Fact, FileEntry
from registry.domain.ratings import MetricResult
from registry.formats.archives.roles import Role, role_of
from registry.formats.repository_urls import named_datasets
from registry.rating.results import lost, measured

_SECTION_WORDS = 10
_NO_DATA = frozenset(
    {"requirements.txt", "dataset_infos.json", "config.json", "package.json", "vocab.txt", "merges.txt"}
)
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
    card = evidence.card
    halves: list[_Half] = []
    if kind == "model":
        halves.append(_training_data(evidence, card))
    halves.append(own_data(evidence) if kind == "dataset" else _code(evidence, card))
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


def _training_data(evidence: Evidence, card: Fact[CardReading]) -> _Half:
    asked: tuple[Fact[object], ...] = (card, evidence.hub, evidence.datasets, evidence.parents)
    reading = card.value or CardReading()
    names = named_datasets(evidence.package.value, reading.datasets, evidence.hub.value)
    found = [dataset.info.id for dataset in evidence.datasets.value or ()]
    known = [name for name in found if name in reading.mentioned_datasets]
    known += [parent.name for parent in evidence.parents.value or () if parent.id and parent.name in names]
    if known:
        return 1.0, f"dataset found: {_first(known)}", asked
    if found:
        return 0.5, f"datasets in the metadata alone, the card says nothing of them: {_first(found)}", asked
    if names:
        return 0.5, f"datasets named, none found: {_first(names)}", asked
    if reading.on(Subject.TRAINING_DATA, words=_SECTION_WORDS):
        return 0.5, "a section on training data, no dataset named in the metadata", asked
    return 0.0, "no dataset is named", asked


def own_data(evidence: Evidence) -> "_Half":
    """A dataset's half: 1.0 where there is data, what was found, and who was asked."""
    package = evidence.package.value
    asked: tuple[Fact[object], ...] = (evidence.archive, evidence.hub)
    for fact, where in ((evidence.archive, "the content"), (evidence.hub, "the hub")):
        files = data_files(fact.value.files) if fact.value else []
        if files:
            return 1.0, f"data in {where}: {files[0].path}", asked
    # What was not looked into may be data.
    unseen = package is not None and package.content_size and not _seen_whole(evidence.archive.value)
    if unseen and not evidence.archive.failed:
        return 1.0, "the content was not listed as a whole", asked
    return 0.0, "a dataset without data: no file of data in the content", asked


def data_files(files: Iterable[FileEntry]) -> list[FileEntry]:
    """The files that may hold a dataset's data: not empty, and no documentation, code or weights."""
    return [file for file in files if file.size and (_is_data(file.path) or role_of(file.path) in (None, Role.DATASET))]


def _is_data(path: str) -> bool:
    name = path.lower().rsplit("/", 1)[-1]
    return name.endswith((".json", ".txt", ".xml")) and role_of(path) is not Role.DOCS and name not in _NO_DATA


def _seen_whole(archive: ArchiveFacts | None) -> bool:
    return archive is not None and not archive.truncated


def _code(evidence: Evidence, card: Fact[CardReading]) -> _Half:
    asked: tuple[Fact[object], ...] = (card, evidence.archive, evidence.tree)
    for fact, where in ((evidence.archive, "archive"), (evidence.tree, "repository")):
        sources = [file.path for file in fact.value.files if file.size and is_source(file.path)] if fact.value else []
        if sources and not (fact is evidence.archive and _only_comments(evidence.archive.value, sources)):
            return 1.0, f"code in the {where}: {sources[0]}", asked
    if card.value is not None and card.value.example is not None:
        return 0.5, f"an example in block {card.value.example} of the card, no source files", asked
    return 0.0, "no code was found", asked


def _only_comments(archive: ArchiveFacts | None, sources: list[str]) -> bool:
    """Whether all the source that there is was read, and holds no statement."""
    python = archive.python if archive else None
    all_read = python is not None and python.files == len(sources) == sum(path.endswith(".py") for path in sources)
    return all_read and python is not None and python.statements == 0 and not python.syntax_errors


def _first(names: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(names))[:3])


def is_source(path: str) -> bool:
    """Whether a file of this name holds source code."""
    return path.lower().endswith(SOURCE_ENDINGS)
