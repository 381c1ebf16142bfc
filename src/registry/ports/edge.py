"""Caches in front of the registry, which keep public responses and are to forget what has changed."""

from collections.abc import Sequence
from typing import Protocol


class EdgeCache(Protocol):
    async def invalidate(self, tags: Sequence[str], *, reference: str) -> None:
        """Have every edge forget the responses that carry one of the tags (`package_tag`).

        Two calls with one `reference` and the same tags are one invalidation: a repeated call costs nothing. Raises
        Unavailable.
        """
