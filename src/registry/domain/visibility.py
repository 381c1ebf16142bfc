"""Who may see and who may change a package: the only place that decides it.

Listings and the search index select among thousands of packages, so they turn a `Viewer` into conditions of their own:
what `sees_status` hides is there for the owners of its name, and `names` are checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from registry.domain.errors import NotFound
from registry.domain.name_patterns import NamePatterns
from registry.domain.names import Name
from registry.domain.packages import PackageStatus, PackageType


class Guarded(Protocol):
    """What decides who may see a package."""

    @property
    def name(self) -> str: ...

    @property
    def status(self) -> PackageStatus: ...

    @property
    def type(self) -> PackageType: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose view of the registry an answer shows. Without a `principal`: what everybody may see.

    `names`: packages of other names do not exist for this viewer (None: all names do). `private`: the private names,
    of which this viewer sees those that `principal` owns or reads.
    """

    principal: str | None = None
    is_admin: bool = False
    names: NamePatterns | None = None
    private: Mapping[tuple[PackageType, str], Name] = field(default_factory=dict, compare=False, hash=False)

    def sees_name(self, kind: PackageType, name: str) -> bool:
        """Whether the name exists for this viewer."""
        if self.names is not None and not self.names.covers(name):
            return False
        known = self.private.get((kind, name))
        return known is None or self.is_admin or (self.principal is not None and known.is_seen_by(self.principal))

    def sees_status(self, status: PackageStatus) -> bool:
        """Whether packages with this status are visible to this viewer whoever owns them."""
        return self.is_admin or not status.hidden

    def may_see(self, package: Guarded) -> bool:
        """Whether the package exists for this viewer, provided that a hidden one is of a name that it owns."""
        return self.sees_name(package.type, package.name) and (
            self.sees_status(package.status) or self.principal is not None
        )


def absent() -> NotFound:
    """The same for a package that is not there and for one that is hidden."""
    return NotFound("There is no package with this id.")


EVERYBODY = Viewer()
"""Sees what is visible without being its owner."""
REGISTRY = Viewer(is_admin=True)
"""The registry's own work: nothing is hidden."""
