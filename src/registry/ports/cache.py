"""Ratings kept close at hand for a while. Losing them costs time, never correctness."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CachedRating:
    """A rating's ready JSON, its entity tag, when it was made and when it was put here."""

    body: bytes
    etag: str
    rated_at: datetime
    stored_at: datetime


class RatingCache(Protocol):
    """By package and revision. Fails open: a cache that does not answer has nothing, and keeps nothing."""

    async def get(self, package_id: str, revision: int) -> CachedRating | None:
        """What was put there, unless it has expired."""

    async def put(self, package_id: str, revision: int, rating: CachedRating, *, ttl_seconds: float) -> None:
        """Keep for so long, unless a rating that was made later is there: a slow reader must not undo a rating."""

    async def delete(self, package_id: str, revision: int) -> None:
        """Forget. No error when there is nothing."""
