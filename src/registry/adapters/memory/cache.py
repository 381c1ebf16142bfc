"""Cached ratings in the process."""

from datetime import datetime, timedelta

from registry.domain.recent import RecentBytes
from registry.ports.cache import CachedRating
from registry.ports.clock import Clock


class MemoryRatingCache:
    """Implements `RatingCache`: `max_bytes` of JSON; the ratings that were not asked for longest are dropped first."""

    def __init__(self, clock: Clock, *, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._clock = clock
        self._entries = RecentBytes[tuple[str, int], tuple[CachedRating, datetime]](
            max_bytes, size=lambda entry: len(entry[0].body)
        )

    async def get(self, package_id: str, revision: int) -> CachedRating | None:
        key = (package_id, revision)
        entry = self._entries.get(key)
        if entry is None:
            return None
        rating, expires_at = entry
        if self._clock.now() >= expires_at:
            self._entries.drop(key)
            return None
        return rating

    async def put(self, package_id: str, revision: int, rating: CachedRating, *, ttl_seconds: float) -> None:
        present = await self.get(package_id, revision)
        if present is not None and present.rated_at > rating.rated_at:
            return
        expires_at = self._clock.now() + timedelta(seconds=ttl_seconds)
        self._entries.put((package_id, revision), (rating, expires_at))

    async def delete(self, package_id: str, revision: int) -> None:
        self._entries.drop((package_id, revision))
