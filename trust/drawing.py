"""Simulated worlds: a package with all that its sources hold, drawn from a seed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.errors import NotFound, SourceFailed
from registry.domain.evidence import (
    ArchiveFacts,
    ClaimsReading,
    CommitFacts,
    FileEntry,
    HubFacts,
    Integration,
    LicenseSource,
    LicenseStatement,
    ModuleFacts,
    ParentScore,
    PythonFacts,
    RepositoryFacts,
    ReviewFacts,
    SafetyFacts,
    TreeFacts,
)
from registry.domain.packages import Content, Dependency, Package, PackageStatus, PackageType
from registry.domain.safety import Finding, FindingLevel, SafetyStatus
from registry.domain.versions import Version
from registry.formats.card_reading import read_card_text
from registry.formats.project_files import read_project

T = TypeVar("T")
AT = datetime(2026, 11, 23, tzinfo=UTC)
_LICENSES = (None, None, "MIT", "apache-2.0", "GPL-3.0-only", "CC-BY-NC-4.0", "MIT OR GPL-2.0-only", "llama3", "other")
_FRONTS = (
    "",
    "---\nlicense: mit\ndatasets: [squad]\n---\n",
    "---\nlicense: cc-by-nc-4.0\n---\n",
    "---\nmodel-index:\n- name: m\n  results:\n  - task: {type: t}\n    dataset: {name: SQuAD, type: squad}\n"
    "    metrics: [{type: f1, value: 91.3}]\n---\n",
)
_PIECES = (
    "# Tiny\n\nA small model of words, for those who count them, with all that is needed to begin.\n\n",
    "Repository: https://github.com/octo/tiny\n\n",
    "## Usage\n\n```python\nimport tiny\ntiny.load('x').run()\n```\n\n",
    "## Installation\n\n```\npip install tiny\n```\n\n",
    "## Training data\n\nTrained on SQuAD, which has a hundred thousand questions on articles, and on our own.\n\n",
    "## Evaluation\n\n| dataset | F1 |\n|---|---|\n| SQuAD | 91.3 |\n\nAccuracy on GLUE: 0.91, see https://arxiv.org/abs/1.\n\n",
    "## Limitations\n\nIt knows English only, and was not tried on anything else, so take care.\n\n",
)
_FILES = ("src/tiny.py", "tests/test_tiny.py", "model.safetensors", "pytorch_model.bin", ".github/workflows/ci.yml")
_PYPROJECTS = (None, '[project]\nname = "tiny"\n[tool.ruff]\n', "[tool.mypy]\n")


class _Draw:
    """Values from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def maybe(self, make: Callable[[], T], chance: float = 0.7) -> T | None:
        return make() if self.random.random() < chance else None

    def number(self, high: int) -> int:
        return self.random.choice((0, 1, self.random.randrange(1, 50), self.random.randrange(1, high)))

    def license(self) -> str | None:
        return self.random.choice(_LICENSES)

    def card(self) -> str:
        pieces = [piece for piece in _PIECES if self.random.random() < 0.5]
        self.random.shuffle(pieces)
        return self.random.choice(_FRONTS) + "".join(pieces) or "Tiny.\n"

    def files(self) -> tuple[FileEntry, ...]:
        chosen = [name for name in _FILES if self.random.random() < 0.5]
        return tuple(FileEntry(name, self.number(10**10)) for name in chosen)

    def commits(self) -> CommitFacts:
        def authors() -> tuple[tuple[str, int], ...]:
            return tuple((f"author-{place}", self.number(500)) for place in range(self.random.randrange(6)))

        return CommitFacts(authors(), authors())

    def reviews(self) -> ReviewFacts:
        steps = (
            Integration(f"{place:040x}", self.number(900), place, reviewed=self.random.random() < 0.5)
            for place in range(self.random.randrange(6))
        )
        return ReviewFacts(tuple(steps))

    def python(self) -> PythonFacts:
        functions = self.number(90)
        findings = self.random.choice((None, (("F401", self.number(40)),)))
        return PythonFacts(
            files=3,
            lines=200,
            syntax_errors=self.number(3),
            functions=functions,
            annotated_functions=self.random.randint(0, functions),
            statements=self.number(150),
            findings=findings,
            modules=(_MODULE,),
        )

    def archive(self) -> ArchiveFacts:
        text = LicenseStatement("LICENSE", LicenseSource.TEXT, self.random.choice(("MIT", "GPL-3.0-only", None)))
        return ArchiveFacts(
            files=self.files(),
            truncated=self.random.random() < 0.1,
            is_wheel=self.random.random() < 0.3,
            python=self.maybe(self.python),
            requirements=("torch",),
            readme=self.maybe(self.card, 0.4),
            project_urls=self.random.choice(((), ("https://github.com/octo/tiny",))),
            licenses=self.random.choice(((), (text,))),
            read_whole=self.random.random() < 0.9,
        )

    def safety(self) -> SafetyFacts:
        status = self.random.choice((SafetyStatus.CLEAN, SafetyStatus.SUSPICIOUS, SafetyStatus.DANGEROUS))
        level = FindingLevel.DANGEROUS if status is SafetyStatus.DANGEROUS else FindingLevel.SUSPICIOUS
        found = () if status is SafetyStatus.CLEAN else (Finding("m.bin", level, "pickle", "os.system"),)
        return SafetyFacts("ab" * 32, status, 1, found, scanned=3)

    def hub(self, kind: str, hub_id: str) -> HubFacts:
        return HubFacts(
            hub_id, kind, self.license(), self.number(10**4), self.number(10**7), ("pytorch",), self.files(), ("squad",)
        )

    def package(self, seed: int) -> Package:
        kind = self.random.choice(list(PackageType))
        hub_url = f"https://huggingface.co/{'datasets/' if kind is PackageType.DATASET else ''}org/tiny"
        content = Content("key", self.number(10**10) + 1, "ab" * 32, "application/zip", "tiny.zip")
        return Package(
            id=f"w{seed}",
            name="tiny",
            version=Version(1, 0, 0),
            type=kind,
            status=PackageStatus.ACTIVE,
            created_by="ann",
            created_at=AT,
            updated_at=AT,
            license=self.license(),
            source_url=self.random.choice((None, "https://github.com/octo/tiny", hub_url, hub_url)),
            content=self.maybe(lambda: content),
            readme=self.maybe(self.card, 0.4),
            dependencies=self.random.choice(((), (Dependency("base_model", "org/base"),))),
        )


_MODULE = ModuleFacts("tiny", ("load",))


@dataclass
class World:
    """What each source holds, None where it has nothing. Implements the sources; those in `hidden` fail."""

    package: Package
    held: dict[str, Any]
    hidden: frozenset[str] = field(default_factory=frozenset)

    def answer(self, signal: str, kind: type[T]) -> T:
        if signal in self.hidden or signal.split(".", 1)[0] in self.hidden:
            raise SourceFailed("it is hidden")
        value = self.held[signal]
        if value is None:
            raise NotFound("there is none")
        assert isinstance(value, kind)
        return value

    async def inspect(self, package: Package) -> ArchiveFacts:
        return self.answer("archive", ArchiveFacts)

    async def safety(self, content: Content) -> SafetyFacts:
        return self.answer("safety", SafetyFacts)

    async def parents(self, package: Package) -> tuple[ParentScore, ...]:
        return self.answer("parents", tuple)

    async def read_claims(self, card: str) -> ClaimsReading:
        return self.answer("claims", ClaimsReading)

    async def info(self, kind: str, hub_id: str) -> HubFacts:
        self._reach_hub()
        return self.answer("hub.info" if hub_id == "org/tiny" else "dataset.info", HubFacts)

    async def card(self, kind: str, hub_id: str) -> str:
        self._reach_hub()
        return self.answer("hub.card" if hub_id == "org/tiny" else "dataset.card", str)

    async def repository(self, name: str) -> RepositoryFacts:
        return self.answer("host.repository", RepositoryFacts)

    async def commits(self, name: str) -> CommitFacts:
        return self.answer("host.commits", CommitFacts)

    async def reviews(self, name: str) -> ReviewFacts:
        return self.answer("host.reviews", ReviewFacts)

    async def tree(self, name: str) -> TreeFacts:
        return self.answer("host.tree", TreeFacts)

    async def readme(self, name: str) -> str:
        return self.answer("host.readme", str)

    def _reach_hub(self) -> None:
        if "hub" in self.hidden:
            raise SourceFailed("it is hidden")


class Cards:
    """Implements CardReader, where it is asked."""

    async def read(self, card: str, *, names: tuple[str, ...], user: str) -> CardReading:
        return read_card_text(card, names)

    async def read_project(self, pyproject: str, *, user: str) -> ProjectFacts | None:
        return read_project(pyproject)


def make_world(seed: int) -> World:
    """The world of a seed."""
    draw = _Draw(seed)
    there = draw.random.random() < 0.85
    reviews, commits = draw.reviews(), draw.commits()
    held: dict[str, Any] = {
        "archive": draw.archive(),
        "safety": draw.safety(),
        "parents": (ParentScore("p", "org/base", draw.maybe(draw.random.random)),),
        "claims": ClaimsReading(draw.random.random(), "a table", "reader", "ab" * 32),
        "hub.info": draw.maybe(lambda: draw.hub("model", "org/tiny"), 0.9),
        "dataset.info": draw.maybe(lambda: draw.hub("dataset", "squad")),
        "host.repository": RepositoryFacts("octo/tiny", draw.license()) if there else None,
        "host.readme": draw.maybe(draw.card) if there else None,
        "host.commits": commits if there else None,
        "host.reviews": reviews if there and reviews.integrations else None,
        "host.tree": TreeFacts(draw.files(), False, draw.random.choice(_PYPROJECTS)) if there else None,  # noqa: FBT003
    }
    held["hub.card"] = draw.maybe(draw.card) if held["hub.info"] else None
    held["dataset.card"] = draw.maybe(draw.card) if held["dataset.info"] else None
    return World(draw.package(seed), held)
