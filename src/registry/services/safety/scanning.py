"""Making verdicts: each content is scanned once, by whichever process leases it first.

A lease is extended while the scan goes on. When a process dies, its lease ends by itself, and the next
look at the open requests finds the content unscanned.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.domain.packages import Content
from registry.domain.safety import ScanReport
from registry.domain.verdicts import FAILED_SCAN, Verdict, VerdictSummary, failed_verdict, verdict_on
from registry.formats.scanning.version import SCANNER_VERSION
from registry.ports.clock import Clock, IdSource
from registry.ports.packages import PackageStore
from registry.ports.scanning import ContentScanner
from registry.ports.verdicts import ScanLease, ScanRequestStore, VerdictStore
from registry.services.maintenance.background import beside

_log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 4
"""A content whose scan ended so many processes is not read any more."""
_LOOK_SECONDS = 0.5
_OUTDATED_AT_ONCE = 20
_PACKAGES_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class ScanStores:
    """The ports that scans need."""

    verdicts: VerdictStore
    requests: ScanRequestStore
    packages: PackageStore


class Scanning:
    def __init__(
        self, stores: ScanStores, scanner: ContentScanner, *, clock: Clock, ids: IdSource, lease_seconds: float
    ) -> None:
        self._verdicts = stores.verdicts
        self._requests = stores.requests
        self._packages = stores.packages
        self._scanner = scanner
        self._clock = clock
        self._ids = ids
        self._lease = timedelta(seconds=lease_seconds)

    async def verdict_on(self, content: Content, *, user: str) -> VerdictSummary | None:
        """The verdict of this scanner's version, made now where there is none. None: another process makes it.

        `user`: whose content it is, so that everybody has a fair share of the scans.

        Raises Unavailable when the bytes cannot be read now.
        """
        present = await self._verdicts.find_summary(content.sha256)
        if present is not None and present.scanner_version >= SCANNER_VERSION:
            return present
        lease = await self._take_lease(content.sha256)
        if lease is None:
            return None
        verdict = await self._scan(lease, content, user=user)
        return verdict.summary if await self._verdicts.finish(lease, verdict) else None

    async def settle(self, content: Content, *, user: str, within_seconds: float) -> None:
        """Return once the content has a verdict, or the time is over. Raises Unavailable."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while await self.verdict_on(content, user=user) is None:  # noqa: ASYNC110 - another process sets no event here
                    await asyncio.sleep(_LOOK_SECONDS)

    async def run_again(self, *, interval_seconds: float) -> None:
        """Until cancelled, scan what an older scanner has judged: one content, then the interval."""
        while True:
            await asyncio.sleep(interval_seconds)
            try:
                await self.scan_again()
            except RegistryError as error:
                _log.warning("scan_again_failed", reason=str(error))

    async def scan_again(self) -> bool:
        """Scan one content whose verdict an older scanner made. Whether there was one."""
        for sha256 in await self._verdicts.list_outdated(SCANNER_VERSION, limit=_OUTDATED_AT_ONCE):
            lease = await self._take_lease(sha256)
            if lease is None:
                continue
            content = await self._content_of(sha256)
            if content is None:
                await self._verdicts.give_back(lease)
                await self._verdicts.remove_unused(sha256)
            else:
                await self._replace(lease, content)
            return True
        return False

    async def _replace(self, lease: ScanLease, content: Content) -> None:
        before = await self._verdicts.find_summary(lease.sha256)
        verdict = await self._scan(lease, content, user="")
        if before is None or before.status is not verdict.summary.status:
            # First, so that a crash between the two leaves requests that are due and not packages that are missed.
            await self._requests.open_all(lease.sha256, now=self._clock.now())
        await self._verdicts.finish(lease, verdict)
        _log.info("content_scanned_again", sha256=lease.sha256, status=verdict.summary.status.value)

    async def _content_of(self, sha256: str) -> Content | None:
        ids = await self._requests.list_packages(sha256, limit=_PACKAGES_LOOKED_AT)
        contents = [package.content for package in await self._packages.get_many(ids)]
        return next((content for content in contents if content is not None and content.sha256 == sha256), None)

    async def _take_lease(self, sha256: str) -> ScanLease | None:
        now = self._clock.now()
        return await self._verdicts.lease(
            sha256, scanner_version=SCANNER_VERSION, token=self._ids.new_id(), now=now, until=now + self._lease
        )

    async def _scan(self, lease: ScanLease, content: Content, *, user: str) -> Verdict:
        if lease.attempts > MOST_ATTEMPTS:
            return self._failed(content, f"the scan ended its process {MOST_ATTEMPTS} times", version=SCANNER_VERSION)
        try:
            async with self._held(lease):
                report: ScanReport = await self._scanner.scan(content, user=user)
        except NotFound:
            return self._failed(content, "the stored bytes are missing", version=FAILED_SCAN)
        except (RegistryError, asyncio.CancelledError):
            with contextlib.suppress(RegistryError):
                await asyncio.shield(self._verdicts.give_back(lease))
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks a scan, the content is not clean
            _log.exception("scan_failed", sha256=content.sha256)
            return self._failed(content, f"the scanner failed ({type(error).__name__})", version=SCANNER_VERSION)
        return verdict_on(content.sha256, report, scanner_version=SCANNER_VERSION, scanned_at=self._clock.now())

    def _failed(self, content: Content, reason: str, *, version: int) -> Verdict:
        now = self._clock.now()
        return failed_verdict(content.sha256, reason, path=content.filename, scanner_version=version, scanned_at=now)

    @asynccontextmanager
    async def _held(self, lease: ScanLease) -> AsyncIterator[None]:
        """Extends the lease while the scan goes on."""

        async def extend() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                with contextlib.suppress(RegistryError):
                    await self._verdicts.extend(lease, until=self._clock.now() + self._lease)

        async with beside(extend()):
            yield
