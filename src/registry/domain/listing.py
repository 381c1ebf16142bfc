"""What a listing of packages asks for."""

from dataclasses import dataclass

from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.domain.visibility import REGISTRY, Viewer


@dataclass(frozen=True, slots=True)
class PackageFilter:
    """Which packages a listing wants. Fields that are None do not restrict.

    `viewer`: packages that it does not see are left out.
    `min_net_score` (0.0–1.0): packages whose current revision has a rating with at least this net score.
    """

    status: PackageStatus | None = PackageStatus.ACTIVE
    type: PackageType | None = None
    name: str | None = None
    versions: VersionRange | None = None
    tag: str | None = None
    created_by: str | None = None
    viewer: Viewer = REGISTRY
    min_net_score: float | None = None
    newest_first: bool = True

    @property
    def names(self) -> NamePatterns | None:
        """The only names that the viewer sees; None for all."""
        return self.viewer.names

    @property
    def statuses(self) -> list[PackageStatus]:
        """The statuses that a package on this listing can have: those of which it sees at least its own."""
        wanted = PackageStatus if self.status is None else (self.status,)
        return [each for each in wanted if self.viewer.sees_status(each) or self.viewer.principal is not None]

    def owner_of(self, status: PackageStatus) -> str | None:
        """Who must own the names of packages with one of `statuses`, as a principal. None: nobody in particular."""
        return None if self.viewer.sees_status(status) else self.viewer.principal
