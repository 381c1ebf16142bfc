"""Serving a package's bytes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from registry.domain.accounts import Caller
from registry.domain.downloads import Downloaded
from registry.domain.errors import NotFound, RegistryError, Unavailable
from registry.domain.packages import AuditAction, AuditEntry, Content, Package, PackageStatus
from registry.domain.policy import Waiver
from registry.domain.recent import Recent
from registry.domain.serving_errors import ContentUnavailable, Quarantined
from registry.domain.verdicts import PackageSafety
from registry.ports.audit import AuditStore
from registry.ports.blobs import BlobStore
from registry.ports.downloads import DownloadStore
from registry.ports.ratings import RatingSummary
from registry.services.maintenance.background import write_in_batches
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.catalog import Catalog

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")
_WHY = {
    PackageStatus.PENDING: "its content is still being fetched; try again later",
    PackageStatus.FAILED: "its content could not be fetched; see status_reason",
}


@dataclass(frozen=True, slots=True)
class Servable:
    """A package whose content may be served now."""

    package: Package
    content: Content
    waivers: tuple[Waiver, ...] = ()
    """Without them the operator's policy would refuse it."""


FindRating = Callable[[], Awaitable[RatingSummary | None]]
"""Finds the rating of a package's current revision: of callers that have it, or need it as well."""


class PolicyCheck(Protocol):
    async def check(self, package: Package, find_rating: FindRating | None = None) -> tuple[Waiver, ...]:
        """The waivers by which the package passes the policy. Raises PolicyRefused."""


class ServingCheck(Protocol):
    async def check_served(self, package: Package, safety: PackageSafety, caller: Caller) -> None:
        """Raises Quarantined, NotScannedYet when the content must not be served to the caller."""


class Retrieval:
    """The only place that decides what is served, for all protocols."""

    def __init__(
        self, catalog: Catalog, blobs: BlobStore, downloads: "DownloadLog", *, safety: ServingCheck, policy: PolicyCheck
    ) -> None:
        self._policy = policy
        self._catalog = catalog
        self._blobs = blobs
        self._safety = safety
        self.downloads = downloads

    async def find_content(self, package_id: str, caller: Caller, *, in_files: bool = False) -> Servable:
        """The content for a caller who may have it; `in_files`: to look into it, not to have the whole.

        Raises NotFound (`in_files` for a quarantined package of others, too), Quarantined, NotScannedYet,
        ContentUnavailable, and Unavailable while the audit trail takes no downloads.
        """
        self.downloads.check_room()
        package, safety = await self._catalog.get_judged(package_id, caller, quarantined=not in_files)
        return await self.check_served(package, safety, caller)

    async def check_served(
        self, package: Package, safety: PackageSafety, caller: Caller, *, find_rating: FindRating | None = None
    ) -> Servable:
        """The content of a package that exists for the caller, if it may be served now.

        Raises Quarantined, NotScannedYet, PolicyRefused, ContentUnavailable.
        """
        if package.status is PackageStatus.QUARANTINED:
            raise Quarantined(package.status_reason)
        if not package.status.downloadable:
            raise ContentUnavailable(f"The package cannot be downloaded: {_WHY[package.status]}.")
        if package.content is None:
            raise ContentUnavailable("The package has no content.")
        await self._safety.check_served(package, safety, caller)
        return Servable(package, package.content, await self._policy.check(package, find_rating))

    async def serve(
        self,
        package_id: str,
        caller: Caller,
        answer: Callable[[Servable], Awaitable[_Answer]],
        *,
        in_files: bool = False,
    ) -> _Answer:
        """What `answer` makes of the package's content, which it opens.

        A replaced content's bytes may be removed after its record was read. Then `answer` is asked again, for the new.
        Raises as `find_content`, and what `answer` raises.
        """
        servable = await self.find_content(package_id, caller, in_files=in_files)
        while True:
            try:
                return await answer(servable)
            except NotFound:
                before, servable = servable, await self.find_content(package_id, caller, in_files=in_files)
                if servable.content.blob_key == before.content.blob_key:
                    raise

    def read(
        self, content: Content, *, offset: int = 0, length: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The bytes in chunks; entering the context raises NotFound before anything was answered."""
        return self._blobs.read(content.blob_key, offset=offset, length=length)

    async def presign(self, content: Content) -> str | None:
        """A URL that serves the content without this service, None where the store cannot."""
        return await self._blobs.presign_download(
            content.blob_key, filename=content.filename, media_type=content.media_type
        )

    def record_download(self, servable: Servable, caller: Caller, *, whole: bool) -> None:
        """Note in the audit trail that the content was served, or (not `whole`) a part of it."""
        self.downloads.record(servable.package, caller.user, whole=whole)


class DownloadLog:
    """Collects download entries and writes them in batches, so that a download does not wait for a disk.

    Each answer with the whole content is an entry. What one reader fetches of one content by ranges, parts or files
    within a minute is one entry of this process: such a download may have thousands of requests.

    A process that is killed may take the entries of its last `_FLUSH_SECONDS` with it; one that stops writes them.
    While they cannot be written they wait, and once too many wait nothing is served.
    """

    _FLUSH_SECONDS = 0.05
    _MAX_WAITING = 10_000
    _SHARED_FOR = timedelta(minutes=1)
    _MAX_REMEMBERED = 10_000

    def __init__(self, store: AuditStore, downloads: DownloadStore, audit: AuditWriter) -> None:
        self._store = store
        self._downloads = downloads
        self._counts: Counter[Downloaded] = Counter()
        self._audit = audit
        self._waiting: list[AuditEntry] = []
        self._recent = Recent[tuple[str, int, str | None], datetime](self._MAX_REMEMBERED)
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def depth(self) -> int:
        """How many entries wait in this process."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Raises Unavailable while as many entries wait as may."""
        if len(self._waiting) >= self._MAX_WAITING:
            raise Unavailable("Downloads cannot be recorded at the moment, so there are none. Try again soon.")

    def record(self, package: Package, user: str | None, *, whole: bool) -> None:
        """Queue an entry; for a part of the content only where no entry of the last minute stands for it."""
        entry = self._audit.entry(package, user, AuditAction.DOWNLOAD)
        key = (package.id, package.revision, user)
        before = self._recent.get(key)
        if not whole and before is not None and entry.at - before < self._SHARED_FOR:
            return
        self._recent.put(key, entry.at)
        self._waiting.append(entry)
        self._counts[Downloaded(package.type, package.name, package.id, entry.at.date())] += 1
        self._wake.set()

    async def run(self) -> None:
        """Write batches until cancelled; what is waiting then is written before it ends."""
        await write_in_batches(self._wake, self._flush, seconds=self._FLUSH_SECONDS)

    async def settle(self) -> None:
        """Write what waits in this process now: for those who read the audit trail after a download.

        Where the store does not take it, it waits on.
        """
        if self._waiting or self._counts or self._writing.locked():
            with suppress(RegistryError):
                await self._write()

    async def _flush(self) -> None:
        self._wake.clear()
        try:
            await self._write()
        except RegistryError as error:
            self._wake.set()
            _log.warning("download_entries_wait", entries=len(self._waiting), reason=str(error))
            await asyncio.sleep(1)

    async def _write(self) -> None:
        """Write what waits. What cannot be written waits again; raises RegistryError then."""
        async with self._writing:
            batch, self._waiting = self._waiting, []
            counts, self._counts = self._counts, Counter()
            if not batch and not counts:
                return
            # At once, so that a store which commits in groups needs one commit for both.
            appending = asyncio.ensure_future(self._store.append(batch))
            counting = asyncio.ensure_future(self._downloads.count(counts))
            try:
                await asyncio.gather(appending, counting, return_exceptions=True)
            finally:
                # Written a second time, an entry is the same entry.
                if _failed(appending):
                    self._waiting = batch + self._waiting
                if _failed(counting):
                    self._counts += counts
            await appending
            await counting


def _failed(task: asyncio.Future[None]) -> bool:
    return task.cancelled() or task.exception() is not None
