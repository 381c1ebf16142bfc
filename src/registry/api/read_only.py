"""Members of a package that a client may repeat in a merge patch, but not change."""

from typing import Any

import orjson

from registry.api.models.requests import READ_ONLY_MEMBERS, PatchBody
from registry.domain.documents import summary_members
from registry.domain.errors import InvalidInput
from registry.domain.packages import Package
from registry.ports.ratings import RatingSummary


def check_read_only(patch: PatchBody, package: Package, rating: RatingSummary | None) -> None:
    """Raises InvalidInput for a read-only member that has another value than `package`, and its `rating`, have now.

    A null for the rating is let pass: a rating may have come since the client read that there was none.
    """
    current = summary_members(package)
    if rating is not None and rating.revision == package.revision:
        current["rating"] = orjson.loads(rating.summary)
    for member in READ_ONLY_MEMBERS:
        if member not in patch.model_fields_set:
            continue
        given = getattr(patch, member)
        if not _leaves(current.get(member), given) and (given is not None or member != "rating"):
            raise _changed(member)


def _leaves(current: Any, given: Any) -> bool:
    """Whether merging `given` into `current` (RFC 7396) changes nothing."""
    if isinstance(current, dict) and isinstance(given, dict):
        return all(_leaves(current.get(name), value) for name, value in given.items())
    return isinstance(given, bool) is isinstance(current, bool) and bool(given == current)


def _changed(member: str) -> InvalidInput:
    return InvalidInput("only the registry sets it; leave it out, or repeat the value it has now", pointer=f"/{member}")
