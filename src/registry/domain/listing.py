"""What a listing of packages asks for, and the places that packages have in it.

A place is text whose order by code point is that of the listing, and ends with the package's id: no two packages have
the same. By creation it is the id alone, for ids rise with time. Names are printable ASCII, so what parts the name
from the id comes before all that a name can go on with.
"""

from dataclasses import dataclass
from enum import StrEnum

from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.pages import AFTER_ALL_IDS
from registry.domain.versions import VersionRange
from registry.domain.visibility import REGISTRY, Viewer

_PARTS = "\n"
_UNRATED = "-"
"""Before all digits."""


class Order(StrEnum):
    """How a listing is ordered. NAME: of one name the oldest first. SCORE: highest first, of one score the newest."""

    NEWEST = "-created"
    OLDEST = "created"
    NAME = "name"
    SCORE = "score"

    @property
    def descending(self) -> bool:
        """Whether a listing goes from the highest place to the lowest."""
        return self in (Order.NEWEST, Order.SCORE)


def name_place(name: str, package_id: str) -> str:
    """The place of a package in the order of names."""
    return f"{name}{_PARTS}{package_id}"


def first_place(name: str) -> str:
    """A place before all packages with this name, and before all names that begin with it."""
    return name_place(name, "")


def last_place(name: str) -> str:
    """A place after all packages with this name, and before all longer names that begin with it."""
    return name_place(name, AFTER_ALL_IDS)


def score_place(score: int | None, package_id: str) -> str:
    """The place of a package with a score (in millionths) in the order of scores. None, for unrated, is the lowest."""
    return f"{_UNRATED if score is None else f'{score:07d}'}{_PARTS}{package_id}"


def lowest_score_place(score: int) -> str:
    """Where the packages with at least this score (in millionths) begin."""
    return score_place(score, "")


def split_place(place: str) -> tuple[str, str]:
    """What a place by name or score is ordered by (see `score_of_place`), and the package's id."""
    key, _, package_id = place.rpartition(_PARTS)
    return key, package_id


def score_of_place(key: str) -> int | None:
    """The score, in millionths, in the first part of a place by score."""
    return None if key == _UNRATED else int(key)


@dataclass(frozen=True, slots=True)
class PackageFilter:
    """Which packages a listing wants. Fields that are None do not restrict.

    `viewer`: packages that it does not see are left out.
    `min_net_score` (0.0–1.0): packages whose current revision has a rating with at least this lower bound of the net
    score.
    """

    status: PackageStatus | None = PackageStatus.ACTIVE
    type: PackageType | None = None
    name: str | None = None
    versions: VersionRange | None = None
    tag: str | None = None
    created_by: str | None = None
    viewer: Viewer = REGISTRY
    min_net_score: float | None = None
    order: Order = Order.NEWEST

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
