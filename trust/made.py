"""Packages that are rated where nothing is asked of a network: their own content, and what other services would say."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.errors import NotFound
from registry.domain.evidence import (
    ArchiveFacts,
    CommitFacts,
    HubFacts,
    ParentScore,
    RepositoryFacts,
    ReviewFacts,
    SafetyFacts,
    TreeFacts,
)
from registry.domain.packages import Content, Dependency, Package, PackageStatus, PackageType
from registry.domain.ratings import Receipt
from registry.domain.verdicts import verdict_on
from registry.domain.versions import Version
from registry.formats.archives.inspecting import inspect_content
from registry.formats.archives.limits import MIB, ArchiveLimits
from registry.formats.card_reading import read_card_text
from registry.formats.inspection import InspectionLimits
from registry.formats.project_files import read_project
from registry.formats.scanning.limits import ScanLimits
from registry.formats.scanning.scan import scan_content
from registry.formats.scanning.version import SCANNER_VERSION
from registry.rating.collect import EvidenceCollector
from registry.rating.score import rate
from registry.rating.sources import Deadlines, Sources
from registry.services.safety.facts import facts_of

AT = datetime(2026, 11, 30, tzinfo=UTC)
_WALK = ArchiveLimits(seconds=300, members=20_000, unpacked_bytes=2048 * MIB)
_PATIENT = Deadlines(parsing=600, code_host=600, hub=600, claims=600, parents=600, safety=600)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Repository:
    """A source repository as its host would describe it."""

    tree: TreeFacts
    readme: str | None = None
    commits: CommitFacts | None = None
    reviews: ReviewFacts | None = None
    license: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A package: its record, its content (a zip of `files`, or `content` as it is), and what surrounds it."""

    name: str = "tiny"
    type: str = "model"
    files: Mapping[str, str | bytes] | None = None
    content: bytes | None = None
    filename: str = "content.zip"
    readme: str | None = None
    license: str | None = None
    source_url: str | None = None
    dependencies: tuple[tuple[str, str], ...] = ()
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    on_hub: Mapping[str, tuple[HubFacts, str | None]] = field(default_factory=dict)
    parents: tuple[ParentScore, ...] = ()

    def bytes(self) -> bytes | None:
        """The content."""
        if self.files is None:
            return self.content
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for path, data in self.files.items():
                archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data)
        return file.getvalue()


def rated(made: Made) -> Receipt:
    """The rating of a package, by the collector that the registry has."""
    return asyncio.run(_rated(made))


async def _rated(made: Made) -> Receipt:
    data = made.bytes()
    world = _World(made, data)
    sources = Sources(
        archives=world,
        safety=world,
        code_host=_Host(made) if made.repositories else None,
        hub=_Hub(made),
        parents=world,
    )
    collector = EvidenceCollector(sources, cards=_Cards(), clock=_Clock(), deadlines=_PATIENT, monotonic=lambda: 0.0)
    return rate(await collector.collect(_package(made, data)))


def _package(made: Made, data: bytes | None) -> Package:
    content = None if data is None else Content("key", len(data), "ab" * 32, "application/octet-stream", made.filename)
    return Package(
        id="0193",
        name=made.name,
        version=Version(1, 0, 0),
        type=PackageType(made.type),
        status=PackageStatus.ACTIVE,
        created_by="ann",
        created_at=AT,
        updated_at=AT,
        license=made.license,
        source_url=made.source_url,
        readme=made.readme,
        dependencies=tuple(Dependency(relation, name) for relation, name in made.dependencies),
        content=content,
    )


class _Clock:
    def now(self) -> datetime:
        return AT


class _Cards:
    async def read(self, card: str, *, names: tuple[str, ...], user: str) -> CardReading:
        return read_card_text(card, names)

    async def read_project(self, pyproject: str, *, user: str) -> ProjectFacts | None:
        return read_project(pyproject)


class _World:
    """The content, and the parents' scores."""

    def __init__(self, made: Made, data: bytes | None) -> None:
        self._made = made
        self._data = data or b""

    async def inspect(self, package: Package) -> ArchiveFacts:
        return inspect_content(io.BytesIO(self._data), self._made.filename, _WALK, InspectionLimits())

    async def safety(self, content: Content) -> SafetyFacts:
        report = scan_content(
            io.BytesIO(self._data), size=len(self._data), filename=self._made.filename, limits=ScanLimits()
        )
        return facts_of(verdict_on(content.sha256, report, scanner_version=SCANNER_VERSION, scanned_at=AT))

    async def parents(self, package: Package) -> tuple[ParentScore, ...]:
        return self._made.parents


class _Host:
    """Implements CodeHost."""

    def __init__(self, made: Made) -> None:
        self._repositories = made.repositories

    async def repository(self, name: str) -> RepositoryFacts:
        return RepositoryFacts(name, self._of(name).license)

    async def commits(self, name: str) -> CommitFacts:
        return _there(self._of(name).commits)

    async def reviews(self, name: str) -> ReviewFacts:
        return _there(self._of(name).reviews)

    async def tree(self, name: str) -> TreeFacts:
        return self._of(name).tree

    async def readme(self, name: str) -> str:
        return _there(self._of(name).readme)

    def _of(self, name: str) -> Repository:
        return _there(self._repositories.get(name))


class _Hub:
    """Implements ModelHub."""

    def __init__(self, made: Made) -> None:
        self._on_hub = made.on_hub

    async def info(self, kind: str, hub_id: str) -> HubFacts:
        return _there(self._on_hub.get(hub_id))[0]

    async def card(self, kind: str, hub_id: str) -> str:
        return _there(_there(self._on_hub.get(hub_id))[1])


def _there(value: _T | None) -> _T:
    if value is None:
        raise NotFound("there is no such thing")
    return value
