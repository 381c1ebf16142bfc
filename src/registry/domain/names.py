"""Names: who owns them, which look alike, and which version is the latest."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from registry.domain.errors import PermissionDenied
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.versions import Version

LATEST = "latest"
ALIAS_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,31}")
MAX_OWNERS = 100
MAX_READERS = 200
MAX_ALIASES = 100

_SEPARATORS = re.compile(r"[-_.]+")
_ALIKE = str.maketrans("01i", "oll")


def folded(name: str) -> str:
    """What names have in common that people take for one another.

    Names look alike when they differ only by case, by runs of `-`, `_` and `.`, or by 0 and O, or 1, l and I.
    """
    return _SEPARATORS.sub("-", name.lower()).translate(_ALIKE)


def namespace_of(name: str) -> str | None:
    """The part before the first slash; None where there is none."""
    space, slash, _ = name.partition("/")
    return space if slash and space else None


class Visibility(StrEnum):
    """A private name exists for its owners, its readers and admins only."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Name:
    """What is recorded of a name. Owners and readers are principals (see `principal_of`), `aliases` lead to versions.

    `revision` guards changes.
    """

    type: PackageType
    name: str
    owners: tuple[str, ...]
    visibility: Visibility = Visibility.PUBLIC
    readers: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1

    def is_owned_by(self, principal: str) -> bool:
        return principal in self.owners

    def is_seen_by(self, principal: str) -> bool:
        """Whether the name exists for somebody who is no admin."""
        return self.visibility is Visibility.PUBLIC or principal in self.owners or principal in self.readers


@dataclass(frozen=True, slots=True)
class Namespace:
    """The part of names before the slash, with those who create names in it."""

    name: str
    owners: tuple[str, ...]
    revision: int = 1


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """A version that exists under a name. `created_at` is None where the record does not say."""

    id: str
    version: Version
    status: PackageStatus
    type: PackageType = PackageType.MODEL
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NameView:
    """A name with its versions, newest first, and how often they were downloaded.

    `retired`: some version was published once and is gone.
    """

    name: Name
    versions: tuple[NamedVersion, ...]
    downloads: int = 0
    retired: bool = False

    def find(self, version: Version) -> NamedVersion | None:
        """The version that is there by this number."""
        return next((named for named in self.versions if named.version == version), None)

    def without_hidden(self) -> "NameView | None":
        """What others than owners and admins see; None where they see nothing and nothing was ever retired."""
        versions = tuple(named for named in self.versions if not named.status.hidden)
        return replace(self, versions=versions) if versions or self.retired else None

    def without_drafts(self) -> "NameView":
        """What others than owners and admins may hear of: why a version in quarantine is there, too."""
        versions = tuple(named for named in self.versions if named.status is not PackageStatus.DRAFT)
        return replace(self, versions=versions)


def latest_of(versions: Iterable[NamedVersion]) -> NamedVersion | None:
    """The highest active release; without one, the highest active prerelease."""
    active = [named for named in versions if named.status is PackageStatus.ACTIVE]
    return max(active, key=lambda named: (not named.version.prerelease, named.version, named.id), default=None)


def not_owner(name: str) -> PermissionDenied:
    """The refusal of who does not own a name. The same for names that exist and for hidden ones."""
    return PermissionDenied(
        f"Only owners of {name} and admins may do this. Ask an owner to add you, or use another name."
    )


def not_namespace_owner(space: str) -> PermissionDenied:
    """The refusal of who does not own a namespace."""
    return PermissionDenied(
        f"Only owners of the namespace {space} and admins create new names in it. Ask an owner to add you."
    )
