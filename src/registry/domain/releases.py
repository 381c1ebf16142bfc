"""Releases: drafts that become active, with aliases that move, in one atomic change."""

from dataclasses import dataclass

from registry.domain.events import Event
from registry.domain.names import Name
from registry.domain.packages import AuditEntry, Change, Package

MAX_PACKAGES = 50
MAX_NAMES = 50


@dataclass(frozen=True, slots=True)
class ReleasedPackage:
    """A draft as it is once it is released, its revision one higher, and what is recorded with that."""

    package: Package
    change: Change


@dataclass(frozen=True, slots=True)
class ReleasedName:
    """A name as it is once its aliases have moved, its revision one higher, and what is recorded with that."""

    name: Name
    audit: tuple[AuditEntry, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """What changes at once. `principal` must own every name (None: nobody must)."""

    id: str
    packages: tuple[ReleasedPackage, ...]
    names: tuple[ReleasedName, ...]
    principal: str | None
