"""What a search asks for, and what it finds."""

from dataclasses import dataclass
from enum import StrEnum

from registry.domain.narrowing import states_license
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.visibility import REGISTRY, Viewer

MAX_PATTERN_LENGTH = 1_000
MAX_TEXT_LENGTH = 200


class SearchField(StrEnum):
    """The parts of a package that a regular expression is looked for in."""

    NAME = "name"
    README = "readme"


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Which packages a search looks at. Fields that are None do not restrict.

    `viewer`: packages that it does not see are left out.
    """

    type: PackageType | None = None
    status: PackageStatus | None = None
    tag: str | None = None
    viewer: Viewer = REGISTRY
    license: str | None = None

    def covers(self, package: Package) -> bool:
        """Whether this search may show the package, provided that a hidden one is of a name that the viewer owns."""
        return (
            (self.type is None or package.type is self.type)
            and (self.status is None or package.status is self.status)
            and (self.tag is None or self.tag in package.tags)
            and (self.license is None or states_license(package.license, self.license))
            and self.viewer.may_see(package)
        )


@dataclass(frozen=True, slots=True)
class RegexQuery:
    """A regular expression in RE2's syntax that must match anywhere in one of the fields."""

    pattern: str
    fields: frozenset[SearchField] = frozenset(SearchField)
    scope: SearchScope = SearchScope()


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Words as people type them. All must occur; the last one may be the beginning of a word."""

    text: str
    scope: SearchScope = SearchScope()


@dataclass(frozen=True, slots=True)
class FoundIds:
    """Ids found, in the search's order. `next_position` is where to go on, None at the end.

    A page may be short, even empty, and still have a next position: the time for one answer was up.
    """

    ids: tuple[str, ...]
    next_position: str | None


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of plain text and the parts of it to highlight, as (start, end) in characters."""

    text: str
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RankedId:
    """A package found by words: a higher score fits better. `position`: where a page begins that comes after it."""

    id: str
    score: float
    snippet: Snippet
    position: str


@dataclass(frozen=True, slots=True)
class RankedIds:
    """One page of packages found by words, the best first. `corrected`: similar words had to do."""

    items: tuple[RankedId, ...]
    next_position: str | None
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class IndexState:
    """Whether searches are answered (`ready`), and how many packages the index holds by now."""

    ready: bool
    packages: int
