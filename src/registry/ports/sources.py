"""Where evidence for ratings comes from.

A source raises NotFound when it answers that there is no such thing, and SourceFailed when it cannot or will not
answer. Deadlines are the caller's: each method may be cancelled at any time.
"""

from typing import Protocol

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.evidence import (
    ArchiveFacts,
    ClaimsReading,
    CommitFacts,
    HubFacts,
    ParentScore,
    RepositoryFacts,
    ReviewFacts,
    SafetyFacts,
    TreeFacts,
)
from registry.domain.packages import Content, Package


class CodeHost(Protocol):
    """Source repositories by `owner/name`."""

    async def repository(self, name: str) -> RepositoryFacts:
        """What the host says of the repository."""

    async def commits(self, name: str) -> CommitFacts:
        """Its commits by author."""

    async def reviews(self, name: str) -> ReviewFacts:
        """How the newest steps of its default branch came in."""

    async def tree(self, name: str) -> TreeFacts:
        """The files of its default branch."""

    async def readme(self, name: str) -> str:
        """Its README."""


class ModelHub(Protocol):
    """Models and datasets by their ids; `kind` is `model` or `dataset`."""

    async def info(self, kind: str, hub_id: str) -> HubFacts:
        """What the hub says of it."""

    async def card(self, kind: str, hub_id: str) -> str:
        """Its card, front matter included."""


class ClaimsReader(Protocol):
    async def read_claims(self, card: str) -> ClaimsReading:
        """A text model's judgement of the performance claims in a card, which is untrusted text."""


class CardReader(Protocol):
    """Takes untrusted texts of `user`'s packages apart. All methods raise ParsingAborted."""

    async def read(self, card: str, *, names: tuple[str, ...], user: str) -> CardReading:
        """What a card says about a package that goes by these names."""

    async def read_project(self, pyproject: str, *, user: str) -> ProjectFacts | None:
        """What a `pyproject.toml` declares."""


class ArchiveInspector(Protocol):
    async def inspect(self, package: Package) -> ArchiveFacts:
        """What the package's own content shows. Raises NotFound without content, Unavailable when it cannot be read."""


class SafetySource(Protocol):
    async def safety(self, content: Content) -> SafetyFacts:
        """The verdict on a content. Raises SourceFailed while there is none, Unavailable."""


class ParentScores(Protocol):
    async def parents(self, package: Package) -> tuple[ParentScore, ...]:
        """The package's direct parents in the lineage graph with their net scores. Raises Unavailable."""
