"""Semantic versions (SemVer 2.0) and the ranges that clients ask for.

Precedence follows https://semver.org/#spec-item-11, prereleases in ranges follow node-semver: one matches only where a
bound of the range has a prerelease of the same major.minor.patch.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache, total_ordering
from typing import Self

from registry.domain.errors import InvalidInput

MAX_VERSION_LENGTH = 128

_NUMBER = r"0|[1-9][0-9]*"
_PRERELEASE_ID = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v?(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<prerelease>{_PRERELEASE_ID}(?:\.{_PRERELEASE_ID})*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PARTIAL = re.compile(rf"v?({_NUMBER})(?:\.({_NUMBER}))?")
_FORMS = "write 1.2.3 (exact), 1.2.3-2.1.0 (from, to), ~1.2.0 (same minor) or ^1.2.0 (same major)"


def _number_key(digits: str) -> str:
    # The count of digits comes first, so that text order is number order. 128 characters of version need two digits.
    return f"{len(digits):03d}{digits}"


def _three(numbers: list[int]) -> tuple[int, int, int]:
    return numbers[0], numbers[1], numbers[2]


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """A SemVer version. Equality and hash see build metadata; `precedes` and `sort_key` do not."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: str = ""

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(text: str) -> "Version":
        """Read `1.2.3-rc.1+build`, with or without a leading `v`. Raises InvalidInput for anything else.

        Few versions stand in most records: one that was read lately comes with its sort key.
        """
        match = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION_LENGTH else None
        if match is None:
            raise InvalidInput(
                f"not a semantic version of at most {MAX_VERSION_LENGTH} characters; write one like 1.2.3-rc.1",
                pointer="/version",
            )
        prerelease = match["prerelease"]
        return Version(
            int(match["major"]),
            int(match["minor"]),
            int(match["patch"]),
            tuple(prerelease.split(".")) if prerelease else (),
            match["build"] or "",
        )

    @property
    def core(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    @cached_property
    def sort_key(self) -> str:
        """Text whose order by code point is the order of precedence; equal for versions that differ in build only."""
        core = "".join(_number_key(str(number)) for number in self.core)
        if not self.prerelease:
            return core + "~"
        identifiers = ("1" + _number_key(part) if part.isdigit() else "2" + part for part in self.prerelease)
        return core + "-" + "".join(identifier + "!" for identifier in identifiers)

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += "-" + ".".join(self.prerelease)
        return text + ("+" + self.build if self.build else "")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __lt__(self, other: "Version") -> bool:
        return (self.sort_key, self.build) < (other.sort_key, other.build)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions from `lower` (included) to `upper`; `exact` ranges hold one version, build metadata included."""

    lower: Version
    upper: Version
    upper_included: bool = True
    exact: bool = False

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> "VersionRange":
        """Read an exact, bounded, tilde or caret range. What can be read as bounded is. Raises InvalidInput."""
        text = text.strip()
        if len(text) > 2 * MAX_VERSION_LENGTH + 3:
            raise InvalidInput(f"too long for a version range; {_FORMS}", pointer="/version")
        if text[:1] in ("~", "^"):
            return VersionRange._wildcard(text[0], text[1:].strip())
        if text.startswith("="):
            return VersionRange._exact(text[1:].strip())
        halves = [(text[:at].strip(), text[at + 1 :].strip()) for at, character in enumerate(text) if character == "-"]
        readings = [
            VersionRange(Version.parse(lower), Version.parse(upper))
            for lower, upper in halves
            if _VERSION.fullmatch(lower) and _VERSION.fullmatch(upper)
        ]
        return VersionRange._rising(readings) if readings else VersionRange._exact(text)

    @classmethod
    def of(cls, version: Version) -> Self:
        """The range that holds this version only."""
        return cls(version, version, exact=True)

    @classmethod
    def _exact(cls, text: str) -> Self:
        try:
            version = Version.parse(text)
        except InvalidInput:
            raise InvalidInput(f"not a version range; {_FORMS}", pointer="/version") from None
        return cls.of(version)

    @classmethod
    def _rising(cls, readings: list[Self]) -> Self:
        # 1.0.0-0.3.7-1.0.0 can be read in two ways, of which one is upside down.
        for reading in readings:
            if reading.lower.sort_key <= reading.upper.sort_key:
                return reading
        raise InvalidInput("the range ends below its start; write the lower version first", pointer="/version")

    @classmethod
    def _wildcard(cls, sign: str, text: str) -> Self:
        partial = _PARTIAL.fullmatch(text)
        if partial:
            parts = [int(part) for part in partial.groups() if part is not None]
            lower = Version(*_three([*parts, 0, 0]))
        else:
            lower, parts = cls._exact(text).lower, [0, 0, 0]
        if sign == "~":
            fixed = 1 if len(parts) == 1 else 2
        else:
            # A caret keeps the leftmost number that is not zero: ^1.2.3 the major, ^0.2.3 the minor, ^0.0.3 the patch.
            leading_zeros = next((place for place, number in enumerate(lower.core) if number), len(parts) - 1)
            fixed = min(leading_zeros + 1, len(parts))
        upper = _three([*lower.core[: fixed - 1], lower.core[fixed - 1] + 1, 0, 0])
        return cls(lower, Version(*upper, prerelease=("0",)), upper_included=False)

    def contains(self, version: Version) -> bool:
        """Whether `version` is in the range, prereleases by node-semver's rule."""
        if self.exact:
            return version == self.lower
        key, upper = version.sort_key, self.upper.sort_key
        if key < self.lower.sort_key or key > upper or (key == upper and not self.upper_included):
            return False
        return not version.prerelease or any(
            bound.prerelease and bound.core == version.core for bound in (self.lower, self.upper)
        )


def split_reference(reference: str) -> tuple[str, str | None]:
    """`name@version` or `name@range` taken apart; None without one. Names may hold an @ of their own."""
    name, _, version = reference.rpartition("@")
    try:
        VersionRange.parse(version)
    except InvalidInput:
        return reference, None
    return (name, version) if name else (reference, None)
