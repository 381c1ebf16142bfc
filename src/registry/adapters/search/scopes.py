"""Which packages a search may return, decided by what the index keeps in memory of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.search import SearchScope

_TYPES = tuple(PackageType)
_STATUSES = tuple(PackageStatus)


def kind_code(package_type: PackageType, status: PackageStatus) -> int:
    """Type and status in one byte."""
    return _TYPES.index(package_type) * len(_STATUSES) + _STATUSES.index(status)


_KINDS = {kind_code(kind, status): (kind, status) for kind in _TYPES for status in _STATUSES}


@dataclass(frozen=True, slots=True)
class ScopeFilter:
    """`kinds`: codes that may be shown. Owners of hidden packages are checked where the records are read."""

    kinds: frozenset[int]
    tag: str | None
    names: NamePatterns | None

    @classmethod
    def of(cls, scope: SearchScope) -> "ScopeFilter":
        viewer = scope.viewer
        kinds = (
            code
            for code, (kind, status) in _KINDS.items()
            if scope.type in (None, kind)
            and scope.status in (None, status)
            and (viewer.sees_status(status) or viewer.principal is not None)
        )
        return cls(frozenset(kinds), scope.tag, viewer.names)

    def accepts(self, kind: int, tags: Sequence[str]) -> bool:
        return kind in self.kinds and (self.tag is None or self.tag in tags)
