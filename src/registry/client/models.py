"""What the registry answers, as frozen values.

Readers are tolerant: members that a newer registry adds are kept in `document` and otherwise ignored, and `type`,
`status`, `action` and `relation` are plain text, so that a new kind does not break an old client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from registry.domain.packages import Dependency

Document = Mapping[str, Any]
"""A JSON object as the registry sent it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A signed-in session. `expires_in_seconds` counts from the answer."""

    access_token: str = field(repr=False)
    expires_in_seconds: int

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(members["access_token"], members["expires_in"])


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a package: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str
    media_type: str
    filename: str

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(members["size"], members["sha256"], members["media_type"], members["filename"])


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a named thing. `etag` is there when it was read alone (not in a listing); give it to a change.

    `readme` is None in listings.
    """

    id: str
    name: str
    version: str
    type: str
    status: str
    description: str
    license: str | None
    tags: tuple[str, ...]
    source_url: str | None
    dependencies: tuple[Dependency, ...]
    content: Content | None
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    status_reason: str | None = None
    readme: str | None = None
    etag: str | None = None
    rating: "RatingSummary | None" = None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document, *, etag: str | None = None) -> Self:
        content, rating = members["content"], members.get("rating")
        return cls(
            id=members["id"],
            name=members["name"],
            version=members["version"],
            type=members["type"],
            status=members["status"],
            description=members["description"],
            license=members["license"],
            tags=tuple(members["tags"]),
            source_url=members["source_url"],
            dependencies=tuple(
                Dependency(item["relation"], item["name"], item.get("version"), item.get("id"))
                for item in members["dependencies"]
            ),
            content=None if content is None else Content.from_json(content),
            revision=members["revision"],
            created_by=members["created_by"],
            created_at=datetime.fromisoformat(members["created_at"]),
            updated_at=datetime.fromisoformat(members["updated_at"]),
            status_reason=members.get("status_reason"),
            readme=members.get("readme"),
            etag=etag,
            rating=None if rating is None else RatingSummary.from_json(rating),
            document=members,
        )


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """A package's rating in short. `net_score` (0.0–1.0) is None where nothing could be measured.

    Whatever is unknown, the score lies within `net_score_range`; lists go by its lower end.
    """

    net_score: float | None
    net_score_range: tuple[float, float] | None
    status: str
    safety: str | None

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(members["net_score"], score_range(members), members["status"], members.get("safety"))


def score_range(members: Document) -> tuple[float, float] | None:
    """The range of a net score, None where there is no score."""
    bounds = members.get("net_score_range")
    return None if members["net_score"] is None or bounds is None else (bounds[0], bounds[1])


@dataclass(frozen=True, slots=True)
class Match:
    """Why a package was found: a piece of its description or README, as plain text.

    `highlights` are (start, end) in characters of `text`. Scores are to be compared within one search only; `similar`
    says that no package had the words, and this one has similar ones.
    """

    text: str
    highlights: tuple[tuple[int, int], ...]
    score: float
    similar: bool

    @classmethod
    def from_json(cls, members: Document) -> Self:
        snippet = members["snippet"]
        highlights = tuple((mark["start"], mark["end"]) for mark in snippet["highlights"])
        return cls(snippet["text"], highlights, members["score"], members["similar"])


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package as listings have it, and why it was found."""

    package: Package
    match: Match
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(Package.from_json(members), Match.from_json(members["match"]), members)


@dataclass(frozen=True, slots=True)
class NewPackage:
    """What a package is to say of itself. Fields left as they are here are not sent, so the registry may fill them.

    `type` is model, dataset or code; `dependencies` name what it is made from (a version in one is a range).
    `status` is active, draft (seen by owners and admins until its release) or deprecated.
    """

    name: str
    version: str
    type: str
    description: str | None = None
    license: str | None = None
    tags: tuple[str, ...] = ()
    source_url: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    readme: str | None = None
    status: str | None = None

    def to_json(self) -> dict[str, Any]:
        members: dict[str, Any] = {"name": self.name, "version": self.version, "type": self.type}
        for name in ("description", "license", "source_url", "readme", "status"):
            value = getattr(self, name)
            if value is not None:
                members[name] = value
        if self.tags:
            members["tags"] = list(self.tags)
        if self.dependencies:
            members["dependencies"] = [_dependency_members(dependency) for dependency in self.dependencies]
        return members


def _dependency_members(dependency: Dependency) -> dict[str, str]:
    members = {"relation": dependency.relation, "name": dependency.name}
    if dependency.version is not None:
        members["version"] = dependency.version
    if dependency.id is not None:
        members["id"] = dependency.id
    return members


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to a package, when. `sha256` is the content's, `user` None for anonymous readers."""

    at: datetime
    user: str | None
    action: str
    revision: int
    sha256: str | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        at = datetime.fromisoformat(members["at"])
        return cls(at, members["user"], members["action"], members["revision"], members["sha256"], members)


@dataclass(frozen=True, slots=True)
class User:
    """A user as administrators see it."""

    name: str
    permissions: tuple[str, ...]
    created_at: datetime | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        created_at = members.get("created_at")
        return cls(
            members["name"],
            tuple(members["permissions"]),
            None if created_at is None else datetime.fromisoformat(created_at),
            members,
        )


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the registry can do its work now; `document` has each component's state."""

    ready: bool
    document: Document
