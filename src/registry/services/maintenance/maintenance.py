"""Keeping house: bytes without a record, expired records, damaged bytes, and the way back to an empty registry."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.ports.blobs import BlobStore
from registry.ports.clock import Clock
from registry.ports.maintenance import RecordMaintenance
from registry.ports.releases import ReleaseStore
from registry.services.accounts.bootstrap import Bootstrap
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.maintenance.background import batched
from registry.services.maintenance.leases import RegularWork
from registry.services.names.drafts import Drafts
from registry.services.uploads.uploads import Uploads

_log = structlog.get_logger(__name__)
_BATCH = 500
_AFTER_FAILURE_SECONDS = 60.0
_LOOK_SECONDS = 60.0
"""How often a process looks whether a sweep is due."""
_SWEEP = "sweep"
_SCRUB = "scrub"
_LONGEST_WRITE = timedelta(hours=25)
"""A blob is listed by when its bytes began to come, and counts from when they ended: after a day and some more."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""Between a process and the store that says when a blob was written."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep removed, or would remove."""

    blobs: int
    bytes: int
    uploads: int
    expired_records: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Stored content that is not what its record says: `found` is its SHA-256 now, None when it is gone."""

    package_id: str
    expected: str
    found: str | None


class HousekeepingObserver(Protocol):
    """Gets what housekeeping did, for metrics."""

    def swept(self, report: SweepReport) -> None: ...

    def scrubbed(self, damages: Sequence[Damage]) -> None: ...


class Maintenance:
    def __init__(
        self,
        records: RecordMaintenance,
        blobs: BlobStore,
        *,
        derived: DerivedBlobs,
        uploads: Uploads,
        releases: ReleaseStore,
        drafts: Drafts,
        bootstrap: Bootstrap,
        clock: Clock,
        regular: RegularWork,
        kept: Callable[[], Awaitable[Collection[str]]] | None = None,
        observer: HousekeepingObserver | None = None,
    ) -> None:
        """`kept`: keys of blobs that no record refers to, and that only a reset removes."""
        self._records = records
        self._blobs = blobs
        self._derived = derived
        self._uploads = uploads
        self._releases = releases
        self._drafts = drafts
        self._bootstrap = bootstrap
        self._clock = clock
        self._regular = regular
        self._kept = kept
        self._observer = observer

    async def sweep(
        self, *, grace_seconds: int, dry_run: bool = False, swept_to: datetime | None = None
    ) -> SweepReport:
        """Remove expired uploads and records, manifests and unpacked files that nothing uses, and blobs older than the
        grace time that no record refers to.

        The grace time protects bytes whose record is about to be written. With `swept_to` only blobs that were written
        from then on are looked at, and manifests and unpacked files are not: it costs as much as was written.
        """
        now = self._clock.now()
        # First, since it ends what was begun (a reset that was cut off), even where the blobs' store does not answer.
        expired = 0
        if not dry_run:
            expired = await self._records.purge_expired(now)
            await self._releases.settle(now)
            expired += await self._drafts.expire()
        uploads = await self._uploads.expire(dry_run=dry_run)
        count, size = 0 if dry_run or swept_to is not None else await self._derived.collect(), 0
        oldest_kept = now - timedelta(seconds=grace_seconds)
        oldest = swept_to and swept_to - _CLOCKS_DIFFER
        listed = self._blobs.list_blobs(since=oldest and oldest - _LONGEST_WRITE)
        due = (blob async for blob in listed if blob.modified_at <= oldest_kept)
        fresh = (blob async for blob in due if oldest is None or blob.modified_at >= oldest)
        async for batch in batched(fresh, _BATCH):
            old = {blob.key: blob for blob in batch}
            dead = old.keys() - await self._records.live_blob_keys(list(old))
            for key in dead.difference(await self._list_kept() if dead else ()):
                count += 1
                size += old[key].size
                if not dry_run:
                    await self._blobs.delete(key)
        report = SweepReport(count, size, uploads, expired)
        if self._observer and not dry_run:
            self._observer.swept(report)
        return report

    async def scrub(self, seen: Callable[[str, int], None]) -> list[Damage]:
        """Hash every stored content and report what is damaged. `seen` hears of each package id and size.

        Damaged manifests and unpacked files are removed: they are made again.
        """
        damages = []
        async for package_id, blob_key, size, sha256 in self._records.list_contents():
            digest = hashlib.sha256()
            try:
                async with self._blobs.read(blob_key) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(digest.update, chunk)
            except NotFound:
                # Unless the package was replaced or deleted since its record was read, its bytes are lost.
                if await self._records.live_blob_keys([blob_key]):
                    damages.append(Damage(package_id, sha256, None))
            else:
                if digest.hexdigest() != sha256:
                    damages.append(Damage(package_id, sha256, digest.hexdigest()))
            seen(package_id, size)
        await self._derived.scrub()
        if self._observer:
            self._observer.scrubbed(damages)
        return damages

    async def reset(self) -> None:
        """Back to an empty registry with the first admin. Records go first, so no reader meets missing bytes.

        Only bytes that had a record are removed: those of a publish that is under way will have theirs in a moment.
        """
        await self._uploads.drop_all()
        keys = [blob_key async for _, blob_key, _, _ in self._records.list_contents()]
        keys += [blob_key async for blob_key in self._derived.list_blob_keys()]
        keys += await self._list_kept()
        await self._records.reset(await self._bootstrap.first_admin())
        for key in keys:
            await self._blobs.delete(key)

    async def _list_kept(self) -> Collection[str]:
        return await self._kept() if self._kept else ()

    async def run(self, *, interval_seconds: int, full_interval_seconds: int, grace_seconds: int) -> None:
        """Sweep whenever that is due and no other process does, until cancelled."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, interval_seconds))
            try:
                await self.sweep_if_due(
                    every=timedelta(seconds=interval_seconds),
                    whole_every=timedelta(seconds=full_interval_seconds),
                    grace_seconds=grace_seconds,
                )
            except RegistryError as error:
                _log.warning("sweep_failed", reason=str(error))

    async def sweep_if_due(self, *, every: timedelta, whole_every: timedelta, grace_seconds: int) -> bool:
        """Sweep what was written since the last sweep, and everything after `whole_every`. Whether it was done.

        Everything is for what a sweep of new blobs does not see: bytes that outlived their record since they could not
        be removed then, and blobs with keys of an earlier release.
        """

        async def work(note: str) -> str:
            began = self._clock.now()
            swept_to, whole_at = (datetime.fromisoformat(word) for word in note.split()) if note else (None, None)
            whole = whole_at is None or whole_at + whole_every <= began
            report = await self.sweep(grace_seconds=grace_seconds, swept_to=None if whole else swept_to)
            _log.info("swept", whole=whole, **asdict(report))
            reached = began - timedelta(seconds=grace_seconds)
            return f"{reached.isoformat()} {(began if whole or whole_at is None else whole_at).isoformat()}"

        return await self._regular.do(_SWEEP, work, every=every)

    async def run_listing_upgrade(self) -> None:
        """Bring listings that an earlier edition wrote up to date, then wait to be cancelled."""
        while True:
            try:
                while await self._records.upgrade_listings():
                    pass
                await asyncio.Event().wait()
            except RegistryError as error:
                _log.warning("listing_upgrade_waits", reason=str(error))
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)

    async def run_scrubs(self, *, interval_seconds: int) -> None:
        """Scrub whenever that is due and no other process does, until cancelled; the log names each damaged package."""

        async def work(_note: str) -> str:
            for damage in await self.scrub(lambda _, __: None):
                _log.error(
                    "content_damaged", package_id=damage.package_id, expected=damage.expected, found=damage.found
                )
            return ""

        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, interval_seconds))
            try:
                await self._regular.do(_SCRUB, work, every=timedelta(seconds=interval_seconds))
            except RegistryError as error:
                _log.warning("scrub_failed", reason=str(error))
