"""Versions and ranges as text that an index can order."""

from dataclasses import dataclass
from typing import Self

from registry.domain.versions import Version, VersionRange

# A key is the sort key and, after a "+", the build. After a sort key nothing but "+", or "1" and "2" (further
# prerelease identifiers) can follow, so the keys with the same sort key lie together, just below sort key and ",".
_BEFORE_BUILD = "+"
_BEHIND_BUILDS = ","
_RELEASE = "~"


def version_key(version: Version) -> str:
    """Text in the order of precedence, then of build; different for different versions."""
    return version.sort_key + _BEFORE_BUILD + version.build if version.build else version.sort_key


@dataclass(frozen=True, slots=True)
class KeySpan:
    """The keys of a range: from `low` to below `high`, prereleases only where they begin with one of `prereleases`."""

    low: str
    high: str
    prereleases: tuple[str, ...]

    @classmethod
    def of(cls, wanted: VersionRange) -> Self:
        upper = wanted.upper.sort_key
        return cls(
            wanted.lower.sort_key,
            upper + _BEHIND_BUILDS if wanted.upper_included else upper,
            tuple(
                bound.sort_key[: bound.sort_key.index("-") + 1]
                for bound in (wanted.lower, wanted.upper)
                if bound.prerelease
            ),
        )

    def holds(self, key: str) -> bool:
        """Whether the version with this key is in the range: `VersionRange.contains` for keys."""
        return self.low <= key < self.high and (_RELEASE in key or key.startswith(self.prereleases))
