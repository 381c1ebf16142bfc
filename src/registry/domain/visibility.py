"""Who may see and who may change a package: the only place that decides it.

Listings and the search index select among thousands of packages, so they turn a `Viewer` into conditions of their own:
what `sees_status` hides is left to `user`, and `names` are checked.
"""

from dataclasses import dataclass
from typing import Protocol

from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import PackageStatus

_OWNER_ONLY = frozenset({PackageStatus.QUARANTINED})


class Guarded(Protocol):
    """What decides who may see a package."""

    @property
    def name(self) -> str: ...

    @property
    def status(self) -> PackageStatus: ...

    @property
    def created_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose view of the registry an answer shows. Without a user: what everybody may see.

    `names`: packages of other names do not exist for this viewer (None: all names do).
    """

    user: str | None = None
    is_admin: bool = False
    names: NamePatterns | None = None

    def sees_status(self, status: PackageStatus) -> bool:
        """Whether packages with this status are visible to this viewer whoever owns them."""
        return self.is_admin or status not in _OWNER_ONLY

    def sees(self, package: Guarded, *, quarantined: bool = False) -> bool:
        """Whether the package exists for this viewer. With `quarantined` its quarantine does not hide it."""
        if self.names is not None and not self.names.covers(package.name):
            return False
        if quarantined and package.status is PackageStatus.QUARANTINED:
            return True
        return self.sees_status(package.status) or self.owns(package)

    def owns(self, package: Guarded) -> bool:
        return package.created_by == self.user

    def may_change(self, package: Guarded) -> bool:
        """Whether this viewer may change or delete the package."""
        return self.is_admin or self.owns(package)


EVERYBODY = Viewer()
"""Sees what is visible without being its owner."""
REGISTRY = Viewer(is_admin=True)
"""The registry's own work: nothing is hidden."""
