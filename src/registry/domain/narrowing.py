"""What a listing can be narrowed by without an index: the license that a package states, and the verdict on it."""

import json
import re
from dataclasses import dataclass

from registry.domain.safety import SafetyStatus

_BETWEEN_LICENSES = re.compile(r"\s+(?:and|or|with)\s+|[()]")


def states_license(stated: str | None, wanted: str) -> bool:
    """Whether a package states this license: alone, or as a part of an SPDX expression. Case does not matter."""
    if stated is None:
        return False
    folded, sought = stated.casefold().strip(), wanted.casefold().strip()
    return folded == sought or sought in (part.strip() for part in _BETWEEN_LICENSES.split(folded))


def has_verdict(rating_summary: bytes, wanted: SafetyStatus) -> bool:
    """Whether a rating (its summary, JSON) has this verdict."""
    return bool(json.loads(rating_summary).get("safety") == wanted.value)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Fields that are None do not restrict."""

    license: str | None = None
    safety: SafetyStatus | None = None

    def __bool__(self) -> bool:
        return self.license is not None or self.safety is not None
