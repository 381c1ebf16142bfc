"""Asking for a package's rating: from the cache, from the store, or by having it made."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from registry.domain.accounts import Caller
from registry.domain.errors import NotFound, RegistryError
from registry.domain.rating_requests import can_be_rated, is_stale
from registry.ports.cache import RatingCache
from registry.ports.clock import Clock
from registry.ports.jobs import JobQueue
from registry.ports.packages import PackageDocument
from registry.ports.ratings import RatingStore, RatingSummary
from registry.services.packages.catalog import Catalog
from registry.services.ratings.documents import cache_entry, jittered
from registry.services.safety.verdicts import MOST_COUNTED

_Result = TypeVar("_Result")
MAX_WAIT_SECONDS = 30
_REFRESHED_AFTER = 0.8
_LOOK_SECONDS = (0.02, 0.5)
"""How long a waiting request sleeps between looks at the store: first, and at most."""


@dataclass(frozen=True, slots=True)
class RatingAge:
    """How long a rating is cached, and how old one gets before it is made again while it is still served."""

    cache_seconds: float
    fresh_seconds: float


@dataclass(frozen=True, slots=True)
class ServedRating:
    """A rating's ready JSON. `age_seconds` is how long the cache has had it, 0 for a `hit` that was none."""

    body: bytes
    etag: str
    hit: bool
    age_seconds: int


class Ratings:
    def __init__(
        self,
        store: RatingStore,
        cache: RatingCache,
        jobs: JobQueue,
        *,
        catalog: Catalog,
        clock: Clock,
        age: RatingAge,
    ) -> None:
        self._store = store
        self._cache = cache
        self._jobs = jobs
        self._catalog = catalog
        self._clock = clock
        self._age = age
        self._loads: dict[tuple[str, int], asyncio.Task[ServedRating | None]] = {}
        self._watches: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def get(self, package_id: str, caller: Caller, *, wait_seconds: float = 0) -> ServedRating | None:
        """The rating of the package's current revision. None: it has been started and was not there in time.

        Raises NotFound.
        """
        package = await self._catalog.get_document(package_id, caller)
        return await self.get_of(package_id, package, caller, wait_seconds=wait_seconds)

    async def get_of(
        self, package_id: str, package: PackageDocument, caller: Caller, *, wait_seconds: float = 0
    ) -> ServedRating | None:
        """As `get`, of a package that was just read for the caller."""
        found = await self._find(package_id, package.revision)
        if found is not None:
            return found
        if can_be_rated(package.status):
            await self._start(package_id, caller.name, unless_rated=package.revision)
        if wait_seconds <= 0 or not await self._appears(package_id, package.revision, wait_seconds):
            return None
        # Its verdict may have quarantined it meanwhile: then the rating is that of the revision after.
        package = await self._catalog.get_document(package_id, caller)
        return await self._find(package_id, package.revision)

    async def again(self, package_id: str, caller: Caller) -> None:
        """Have the package rated though it may have a rating. Raises NotFound."""
        package = await self._catalog.get_document(package_id, caller)
        if can_be_rated(package.status):
            await self._start(package_id, caller.name, at_once=True)

    async def get_receipt(self, package_id: str, caller: Caller) -> bytes:
        """The receipt of the current revision's rating. Raises NotFound."""
        package = await self._catalog.get_document(package_id, caller)
        receipt = await self._store.find_receipt(package_id, revision=package.revision)
        if receipt is None:
            raise NotFound(f"The package has no rating yet: GET /package/{package_id}/rate starts one.")
        return receipt

    async def find_summaries(self, packages: Sequence[tuple[str, int]]) -> dict[str, RatingSummary]:
        """The ratings of packages (id, revision) at just these revisions, in one call."""
        if not packages:
            return {}
        found = await self._store.find_summaries([package_id for package_id, _ in packages])
        return {
            package_id: found[package_id]
            for package_id, revision in packages
            if package_id in found and found[package_id].revision == revision
        }

    async def find_latest_of(self, package_ids: Sequence[str]) -> dict[str, RatingSummary]:
        """The latest ratings, of whatever revision. Packages without a rating are left out."""
        return await self._store.find_summaries(package_ids) if package_ids else {}

    async def find_latest(self, package_id: str) -> RatingSummary | None:
        """The package's latest rating, of whatever revision."""
        return (await self._store.find_summaries([package_id])).get(package_id)

    async def count_waiting(self) -> int:
        """How many ratings wait or are under way, for all processes together."""
        return await self._store.count_requests()

    async def count_due(self, *, late_seconds: float = 0) -> int:
        """How many ratings should have begun by now, and are so late; at most `MOST_COUNTED`."""
        moment = self._clock.now() - timedelta(seconds=late_seconds)
        return len(await self._store.list_due(moment, limit=MOST_COUNTED))

    async def hint(self, package_id: str, user: str) -> None:
        """Hand over a request that `user` has just set. Without the hint the sweep finds it a moment later."""
        with contextlib.suppress(RegistryError):
            await self._jobs.put(package_id, user=user)

    async def _start(
        self, package_id: str, asked_by: str, *, at_once: bool = False, unless_rated: int | None = None
    ) -> None:
        await self._store.request(
            package_id, asked_by=asked_by, now=self._clock.now(), at_once=at_once, unless_rated=unless_rated
        )
        await self.hint(package_id, asked_by)

    async def _find(self, package_id: str, revision: int) -> ServedRating | None:
        cached = await self._cache.get(package_id, revision)
        if cached is None:
            return await self._load(package_id, revision)
        age = self._clock.now() - cached.stored_at
        if age > timedelta(seconds=self._age.cache_seconds * _REFRESHED_AFTER):
            # It is served all the same: nobody waits for the store because an entry is about to expire.
            self._loading(package_id, revision)
        return ServedRating(cached.body, cached.etag, hit=True, age_seconds=max(0, int(age.total_seconds())))

    async def _load(self, package_id: str, revision: int) -> ServedRating | None:
        return await asyncio.shield(self._loading(package_id, revision))

    def _loading(self, package_id: str, revision: int) -> "asyncio.Task[ServedRating | None]":
        """One read of the store for all who miss the same entry."""
        key = (package_id, revision)
        task = self._loads.get(key)
        if task is None:
            task = self._loads[key] = asyncio.create_task(self._read(package_id, revision))
            task.add_done_callback(lambda done: _forget(self._loads, key, done))
        return task

    async def _read(self, package_id: str, revision: int) -> ServedRating | None:
        found = await self._store.find(package_id)
        if found is None or found.revision != revision:
            return None
        await self._cache.put(
            package_id, revision, cache_entry(found, self._clock.now()), ttl_seconds=jittered(self._age.cache_seconds)
        )
        if is_stale(found.rated_at, self._clock.now(), fresh_seconds=self._age.fresh_seconds):
            await self._start(package_id, "")
        return ServedRating(found.body, found.etag, hit=False, age_seconds=0)

    async def _appears(self, package_id: str, revision: int, wait_seconds: float) -> bool:
        """Whether the rating is there in time. All who wait for the same one share one look at the store."""
        key = (package_id, revision)
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = asyncio.create_task(self._watch(package_id, revision))
            watch.add_done_callback(lambda done: _forget(self._watches, key, done))
        done, _ = await asyncio.wait({watch}, timeout=wait_seconds)
        return bool(done)

    async def _watch(self, package_id: str, revision: int) -> None:
        sleep_seconds, most_seconds = _LOOK_SECONDS
        deadline = self._clock.now() + timedelta(seconds=MAX_WAIT_SECONDS)
        while self._clock.now() < deadline:
            found = await self._store.find(package_id)
            if found is not None and found.revision >= revision:
                return
            await asyncio.sleep(sleep_seconds)
            sleep_seconds = min(most_seconds, sleep_seconds * 1.5)


def _forget(
    tasks: "dict[tuple[str, int], asyncio.Task[_Result]]", key: tuple[str, int], done: "asyncio.Task[_Result]"
) -> None:
    if tasks.get(key) is done:
        del tasks[key]
    if not done.cancelled():
        done.exception()  # those who wait hear of it; nobody waits for a refresh
