"""Fetching the content of packages that were published by `source_url`.

The pending record is the outbox: whatever happens to this process, the record says what is to be done, and the sweep of
any process finds it.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog

from registry.domain.errors import InvalidInput, NotFound, RegistryError, RevisionConflict, TooLarge
from registry.domain.packages import (
    AuditAction,
    Package,
    PackageFilter,
    PackageStatus,
)
from registry.ports.clock import Clock
from registry.ports.fetching import ContentFetcher, FetchError
from registry.ports.packages import PackageStore
from registry.services.intake import AuditWriter, IncomingContent, Intake, filled

_log = structlog.get_logger(__name__)
_CONCURRENT = 2
_ATTEMPTS = 4
_BACK_OFF_SECONDS = 2.0
_SWEEP_SECONDS = 60
_FORGOTTEN_AFTER = timedelta(minutes=10)


class Ingest:
    """Fetches pending packages in the background of a serving process."""

    def __init__(
        self,
        packages: PackageStore,
        intake: Intake,
        fetcher: ContentFetcher,
        *,
        audit: AuditWriter,
        clock: Clock,
    ) -> None:
        self._packages = packages
        self._intake = intake
        self._fetcher = fetcher
        self._audit = audit
        self._clock = clock
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()

    async def check(self, source_url: str) -> None:
        """Raises InvalidInput for a URL that must not be fetched."""
        await self._fetcher.check(source_url)

    def start(self, package_id: str) -> None:
        """Fetch this package's content soon."""
        if package_id not in self._known:
            self._known.add(package_id)
            self._waiting.put_nowait(package_id)

    @property
    def depth(self) -> int:
        """How many packages wait for their content in this process."""
        return len(self._known)

    async def run(self) -> None:
        """Fetch until cancelled, and look now and then for pending packages that a process left behind."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_CONCURRENT):
                tasks.create_task(self._work())
            while True:
                await self._find_forgotten()
                await asyncio.sleep(_SWEEP_SECONDS)

    async def _find_forgotten(self) -> None:
        after: str | None = None
        try:
            while True:
                page = await self._packages.list_page(
                    PackageFilter(status=PackageStatus.PENDING), limit=200, after=after
                )
                for package in await self._packages.get_many([item.id for item in page.items]):
                    if package.updated_at < self._clock.now() - _FORGOTTEN_AFTER:
                        self.start(package.id)
                if (after := page.next_after) is None:
                    return
        except RegistryError as error:
            _log.warning("pending_not_listed", reason=str(error))

    async def _work(self) -> None:
        while True:
            package_id = await self._waiting.get()
            try:
                await self._ingest(package_id)
            except RegistryError as error:
                # The record still says pending: the next look finds it again.
                _log.warning("ingest_waits", package_id=package_id, reason=str(error))
            finally:
                self._known.discard(package_id)

    async def _ingest(self, package_id: str) -> None:
        try:
            package = await self._packages.get(package_id)
        except NotFound:
            return
        if package.status is not PackageStatus.PENDING or package.source_url is None:
            return
        try:
            await self._fetch(package, package.source_url)
        except (FetchError, TooLarge, InvalidInput) as error:
            _log.info("ingest_failed", package_id=package_id, reason=str(error))
            await self._finish(replace(package, status=PackageStatus.FAILED, status_reason=str(error)), package)

    async def _fetch(self, package: Package, url: str) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._fetcher.fetch(url) as fetched:
                    received = await self._intake.receive(
                        IncomingContent(fetched.chunks, fetched.filename, fetched.media_type), owner=package.created_by
                    )
            except FetchError as error:
                if not error.transient or attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_BACK_OFF_SECONDS * 2**attempt)
                continue
            active = replace(filled(package, received), status=PackageStatus.ACTIVE)
            if not await self._intake.settle(self._finish(active, package), received):
                await self._intake.discard(received.content)
            return

    async def _finish(self, after: Package, before: Package) -> bool:
        """Write the outcome. False when the package changed or went meanwhile: it is looked at anew then."""
        changed = replace(after, revision=before.revision + 1, updated_at=self._clock.now())
        change = self._audit.change(changed, before.created_by, AuditAction.STATUS)
        try:
            await self._packages.replace(changed, change, expected_revision=before.revision)
        except (RevisionConflict, NotFound):
            self._known.discard(before.id)
            self.start(before.id)
            return False
        return True
