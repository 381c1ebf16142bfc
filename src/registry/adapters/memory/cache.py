"""Cached ratings in the process."""

from collections import OrderedDict
from datetime import datetime, timedelta

from registry.ports.cache import CachedRating
from registry.ports.clock import Clock


class MemoryRatingCache:
    """Implements `RatingCache`: at most `max_bytes` of JSON, those that were not asked for longest go first."""

    def __init__(self, clock: Clock, *, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[tuple[str, int], tuple[CachedRating, datetime]] = OrderedDict()

    async def get(self, package_id: str, revision: int) -> CachedRating | None:
        key = (package_id, revision)
        entry = self._entries.get(key)
        if entry is None:
            return None
        rating, expires_at = entry
        if self._clock.now() >= expires_at:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return rating

    async def put(self, package_id: str, revision: int, rating: CachedRating, *, ttl_seconds: float) -> None:
        present = await self.get(package_id, revision)
        if present is not None and present.rated_at > rating.rated_at:
            return
        self._drop((package_id, revision))
        expires_at = self._clock.now() + timedelta(seconds=ttl_seconds)
        self._entries[package_id, revision] = (rating, expires_at)
        self._bytes += len(rating.body)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def delete(self, package_id: str, revision: int) -> None:
        self._drop((package_id, revision))

    def _drop(self, key: tuple[str, int]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry[0].body)
