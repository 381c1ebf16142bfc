"""What was found out about a package before anything is scored: facts, no opinions.

A fact is known, absent (the source answered: there is none) or failed (the source did not answer). Scores are a pure
function of this tree, so a rating can be computed again from it at any time, without a network.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.safety import Finding, NotScanned, SafetyStatus

T_co = TypeVar("T_co", covariant=True)


class FactState(StrEnum):
    KNOWN = "known"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """One source's answer. `value` is there exactly when `state` is KNOWN; else `reason` says why it is not.

    `latency_ms` is the time that asking took, `source` names who was asked (`record`, `archive`, `github` …).
    """

    source: str
    state: FactState
    value: T_co | None = None
    reason: str = ""
    latency_ms: int = 0

    @property
    def failed(self) -> bool:
        return self.state is FactState.FAILED


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a tree: its path with `/`, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """The part of a package's record that ratings look at. `dependencies` are pairs (relation, name).

    `license_expression` is its license as a normalised SPDX expression, None where it is none; of others alike.
    """

    id: str
    name: str
    type: str
    revision: int
    license: str | None = None
    source_url: str | None = None
    tags: tuple[str, ...] = ()
    dependencies: tuple[tuple[str, str], ...] = ()
    content_size: int | None = None
    readme: str | None = None
    license_expression: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """A Python module inside an archive: its dotted name and the names that it defines at its top level."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssertionFacts:
    """What the Python tests inside an archive assert. `functions` are test functions, `asserting` those of them with an
    assertion that depends on the package; `statements` are those of all test files, `counted` of `asserting` alone.
    """

    functions: int
    asserting: int
    statements: int
    counted: int


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What reading (never running) the Python inside an archive showed.

    `findings` are pairs (ruff rule, count); None when ruff could not be asked. `lines` and `statements` are those of
    the files read; docstrings are no statements. `functions` are those outside of tests.
    """

    files: int
    lines: int
    syntax_errors: int
    functions: int
    annotated_functions: int
    statements: int = 0
    findings: tuple[tuple[str, int], ...] | None = None
    modules: tuple[ModuleFacts, ...] = ()
    tests: AssertionFacts | None = None


@dataclass(frozen=True, slots=True)
class SafetyFacts:
    """The verdict on the package's content. `scanned` and `unread` are numbers of files; `not_scanned` are the first.

    `scanner_version` is that of the scanner that made it.
    """

    content_sha256: str
    status: SafetyStatus
    scanner_version: int
    findings: tuple[Finding, ...] = ()
    scanned: int = 0
    unread: int = 0
    not_scanned: tuple[NotScanned, ...] = ()


class LicenseSource(StrEnum):
    """CARD and METADATA state a license by its name, TEXT is the license."""

    CARD = "card"
    METADATA = "metadata"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class LicenseStatement:
    """What one file of an archive says about the license.

    `license` is an SPDX expression (`LicenseRef-…` outside SPDX's list). None: what it says is no license that is
    known. `said` is then what it says by name, or why a text could not be read. `part_of` are the licenses of whose
    text an unknown text is a part, with nothing added; `holds` those whose whole texts it holds, beside notes.
    """

    path: str
    source: LicenseSource
    license: str | None
    said: str = ""
    part_of: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """The package's own archive. `files` may be cut (`truncated`); `requirements` are the distributions it declares.

    `readme` is the text of its model card or README.
    `read_whole`: no limit or damage ended the walk, so that there is no license but those in `licenses`.
    """

    files: tuple[FileEntry, ...]
    truncated: bool
    is_wheel: bool
    python: PythonFacts | None
    requirements: tuple[str, ...]
    readme: str | None = None
    project: ProjectFacts | None = None
    project_urls: tuple[str, ...] = ()
    licenses: tuple[LicenseStatement, ...] = ()
    read_whole: bool = True


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """A source repository as its host describes it. `license` is an SPDX id, None where the host knows none."""

    name: str
    license: str | None
    license_expression: str | None = None


@dataclass(frozen=True, slots=True)
class RepositoryLink:
    """Whether the source repository `name` is the package's own, and what shows it."""

    name: str
    own: bool
    why: str


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """Commits by author: of the last year (`recent`, a sample of the newest) and of all time. Bots are left out."""

    recent: tuple[tuple[str, int], ...]
    all_time: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Integration:
    """One step of the default branch: the lines it added and the pull request it came through, reviewed or not."""

    commit: str
    added_lines: int
    pull_request: int | None
    reviewed: bool


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """The newest steps of the default branch (a sample), newest first."""

    integrations: tuple[Integration, ...]


@dataclass(frozen=True, slots=True)
class TreeFacts:
    """The files of a repository's default branch. `truncated` when the host did not list all.

    `pyproject` is the text of its `pyproject.toml`, `project` what it declares, once it has been read.
    """

    files: tuple[FileEntry, ...]
    truncated: bool
    pyproject: str | None = None
    project: ProjectFacts | None = None


@dataclass(frozen=True, slots=True)
class HubFacts:
    """A model or dataset as its hub describes it. `parameters` is the number of weights where the hub knows it.

    `truncated` when `files` are not all that the hub listed.
    """

    id: str
    kind: str
    license: str | None
    likes: int
    downloads: int
    tags: tuple[str, ...]
    files: tuple[FileEntry, ...]
    datasets: tuple[str, ...] = ()
    library: str | None = None
    parameters: int | None = None
    truncated: bool = False
    license_expression: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A dataset that a package names, with what its card says where the hub gave one."""

    info: HubFacts
    card: CardReading | None


@dataclass(frozen=True, slots=True)
class ParentScore:
    """A parent in the lineage graph and its net score, None while it has no rating."""

    id: str
    name: str
    net_score: float | None


@dataclass(frozen=True, slots=True)
class ClaimsReading:
    """A text model's answer about a card: how well its performance claims are supported, 0.0–1.0, and why."""

    score: float
    reason: str
    model: str
    card_sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a rating is computed from. `latency_ms` is how long collecting took in all.

    `card` is what the text that explains the package says: the first of the record's, archive's, hub's and repository's
    README. Its source is that of the text. What `repository_link` finds not to be the package's own is absent.
    """

    collected_at: datetime
    latency_ms: int
    package: Fact[PackageFacts]
    archive: Fact[ArchiveFacts]
    safety: Fact[SafetyFacts]
    repository_link: Fact[RepositoryLink]
    repository: Fact[RepositoryFacts]
    repository_readme: Fact[str]
    commits: Fact[CommitFacts]
    reviews: Fact[ReviewFacts]
    tree: Fact[TreeFacts]
    hub: Fact[HubFacts]
    hub_card: Fact[str]
    datasets: Fact[tuple[DatasetFacts, ...]]
    parents: Fact[tuple[ParentScore, ...]]
    claims_reading: Fact[ClaimsReading]
    card: Fact[CardReading]
