"""Patterns of package names, such as `acme/*`: what an API token is limited to."""

import re
from dataclasses import dataclass

from registry.domain.errors import InvalidInput

MAX_PATTERNS = 50
MAX_PATTERN_LENGTH = 200
_PATTERN = re.compile(rf"[!-~](?:[ -~]{{0,{MAX_PATTERN_LENGTH - 2}}}[!-~])?")


@dataclass(frozen=True, slots=True)
class NamePatterns:
    """Names that at least one pattern covers. `*` stands for any characters, `/` among them, or for none."""

    patterns: tuple[str, ...]

    @classmethod
    def parse(cls, texts: list[str], *, pointer: str) -> "NamePatterns":
        """Patterns as a client gives them, each once. Raises InvalidInput."""
        if not texts:
            raise InvalidInput("give at least one pattern, or leave the member out for all packages", pointer=pointer)
        if len(texts) > MAX_PATTERNS:
            raise InvalidInput(f"{MAX_PATTERNS} patterns at most", pointer=pointer)
        for place, text in enumerate(texts):
            if not _PATTERN.fullmatch(text):
                raise InvalidInput(
                    f"1 to {MAX_PATTERN_LENGTH} printable ASCII characters without leading or trailing space",
                    pointer=f"{pointer}/{place}",
                )
        return cls(tuple(dict.fromkeys(texts)))

    def covers(self, name: str) -> bool:
        """Whether a package of this name is within the patterns."""
        return any(_covers(pattern, name) for pattern in self.patterns)

    def reach_into(self, space: str) -> bool:
        """Whether the patterns cover some name in the namespace."""
        begin = f"{space}/"
        for pattern in self.patterns:
            first, star, _ = pattern.partition("*")
            if first.startswith(begin) or (star and begin.startswith(first)):
                return True
        return False

    def cover_all_in(self, space: str) -> bool:
        """Whether the patterns, one of them at least, cover every name in the namespace."""
        return any(pattern.endswith("*") and _covers(pattern, f"{space}/") for pattern in self.patterns)

    @property
    def covers_all(self) -> bool:
        return any(not pattern.strip("*") for pattern in self.patterns)

    @property
    def exact_names(self) -> tuple[str, ...] | None:
        """The names themselves where no pattern has a `*`, else None."""
        return None if any("*" in pattern for pattern in self.patterns) else self.patterns


ALL_NAMES = NamePatterns(("*",))


def _covers(pattern: str, name: str) -> bool:
    """Compares part by part, so that many `*` cost no more than one: a regular expression would try all splits."""
    first, *parts = pattern.split("*")
    if not parts:
        return name == pattern
    *middle, last = parts
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first) + len(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
