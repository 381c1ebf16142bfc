"""Who may see and who may change a package: the only place that decides it.

Listings and the search index select among thousands of packages, so they turn a `Viewer` into conditions of their own:
what `sees_status` hides is left to `user`, and `names` are checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

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
    def created_by(self) -> str: ...

    @property
    def type(self) -> PackageType: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose view of the registry an answer shows. Without a user: what everybody may see.

    `names`: packages of other names do not exist for this viewer (None: all names do). `private`: the private names,
    of which this viewer sees those that `principal` owns or reads.
    """

    user: str | None = None
    is_admin: bool = False
    names: NamePatterns | None = None
    private: Mapping[tuple[PackageType, str], Name] = field(default_factory=dict, compare=False, hash=False)
    principal: str = ""

    def sees_name(self, kind: PackageType, name: str) -> bool:
        """Whether the name exists for this viewer."""
        if self.names is not None and not self.names.covers(name):
            return False
        known = self.private.get((kind, name))
        return known is None or self.is_admin or known.is_seen_by(self.principal)

    def sees_status(self, status: PackageStatus) -> bool:
        """Whether packages with this status are visible to this viewer whoever owns them."""
        return self.is_admin or not status.hidden

    def sees(self, package: Guarded, *, quarantined: bool = False) -> bool:
        """Whether the package exists for this viewer. With `quarantined` its quarantine does not hide it."""
        if not self.sees_name(package.type, package.name):
            return False
        if quarantined and package.status is PackageStatus.QUARANTINED:
            return True
        return self.sees_status(package.status) or self.owns(package)

    def owns(self, package: Guarded) -> bool:
        return package.created_by == self.user


EVERYBODY = Viewer()
"""Sees what is visible without being its owner."""
REGISTRY = Viewer(is_admin=True)
"""The registry's own work: nothing is hidden."""
