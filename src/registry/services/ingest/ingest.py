"""Fetching the content of packages that were published by `source_url`.

The pending record is the outbox: whatever happens to this process, the record says what is to be done, and the look of
any process finds it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from registry.domain.errors import RegistryError, SourceFailed, Unavailable
from registry.domain.listing import PackageFilter
from registry.domain.packages import Package, PackageStatus
from registry.domain.redaction import redacted
from registry.ports.clock import Clock
from registry.ports.fetching import ContentFetcher, FetchError, SourceFacts
from registry.ports.packages import PackageStore
from registry.services.ingest.gate import ScoreGate
from registry.services.ingest.leases import IngestLease, IngestLeases
from registry.services.ingest.slots import FairSlots, Slot
from registry.services.packages.intake import IncomingContent, Intake, Received, filled

_log = structlog.get_logger(__name__)
_ATTEMPTS = 5
_BACK_OFF_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 3_600.0
_LOOK_SECONDS = 15.0
_GIVEN_UP_AFTER = timedelta(days=1)
_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """Limits from the settings. `seconds`: for one package, waits and tries included."""

    seconds: float = 6 * 3_600.0
    concurrent: int = 8
    concurrent_per_user: int = 2


class _Lost(Exception):
    """The package went, or another process fetches it now."""


class Ingest:
    """Fetches pending packages in the background of a serving process."""

    def __init__(
        self,
        packages: PackageStore,
        intake: Intake,
        fetcher: ContentFetcher,
        *,
        leases: IngestLeases,
        clock: Clock,
        lease_seconds: float,
        limits: IngestLimits | None = None,
        gate: ScoreGate | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._packages = packages
        self._intake = intake
        self._fetcher = fetcher
        self._leases = leases
        self._clock = clock
        self._renewal_seconds = lease_seconds / 3
        self._look_seconds = min(_LOOK_SECONDS, lease_seconds / 4)
        self._gate = gate
        self._sleep = sleep
        limits = limits or IngestLimits()
        self._longest_seconds = limits.seconds
        self._slots = FairSlots(total=limits.concurrent, per_user=limits.concurrent_per_user)
        self._known: set[str] = set()

    async def check(self, source_url: str) -> None:
        """Raises InvalidInput for a URL that must not be fetched."""
        await self._fetcher.check(source_url)

    def start(self, package_id: str, user: str) -> None:
        """Fetch this package's content soon, in its user's slot."""
        if package_id not in self._known:
            self._known.add(package_id)
            self._slots.ask(user, package_id)

    @property
    def depth(self) -> int:
        """How many packages this process fetches or will fetch."""
        return len(self._known)

    async def run(self) -> None:
        """Fetch until cancelled, and look now and then for pending packages that a process left behind."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            while True:
                slot = await self._slots.next()
                tasks.create_task(self._work(slot))

    async def _look(self) -> None:
        while True:
            await self._find_forgotten()
            await asyncio.sleep(self._look_seconds)

    async def _find_forgotten(self) -> None:
        after: str | None = None
        try:
            while True:
                page = await self._packages.list_page(
                    PackageFilter(status=PackageStatus.PENDING), limit=200, after=after
                )
                for package in await self._packages.get_many([item.id for item in page.items]):
                    if self._leases.is_free(package):
                        self.start(package.id, package.created_by)
                if (after := page.next_after) is None:
                    return
        except RegistryError as error:
            _log.warning("pending_not_listed", reason=str(error))

    async def _work(self, slot: Slot) -> None:
        try:
            await self._ingest(slot)
        except RegistryError as error:
            # The record still says pending: a look finds it again once the lease has lapsed.
            _log.warning("ingest_waits", package_id=slot.package_id, reason=str(error))
        except Exception:  # noqa: BLE001 (one package must not end the fetching of all others)
            _log.exception("ingest_broke", package_id=slot.package_id)
        finally:
            slot.end()
            self._known.discard(slot.package_id)

    async def _ingest(self, slot: Slot) -> None:
        package_id = slot.package_id
        if (taken := await self._leases.take(package_id)) is None:
            return
        lease, package = taken
        renewing = asyncio.create_task(self._keep(lease))
        try:
            self._check_age(package)
            async with asyncio.timeout(self._longest_seconds):
                await self._fetch(lease, slot)
        except (Unavailable, SourceFailed):
            raise
        except (FetchError, RegistryError, TimeoutError) as error:
            await self._fail(lease, str(error) or "fetching took too long")
        except _Lost:
            _log.info("ingest_lost", package_id=package_id)
        except asyncio.CancelledError:
            # The server stops in good order: another one, or the next, need not wait for the lease to end.
            with contextlib.suppress(RegistryError):
                await self._leases.release(lease)
            raise
        except Exception:
            # Another try would end alike, and a package must not stay pending for a defect of the registry.
            await self._fail(lease, "the registry could not take in what the address gave; its log says why")
            raise
        finally:
            renewing.cancel()

    async def _fail(self, lease: IngestLease, why: str) -> None:
        reason = redacted(why)[:_REASON_CHARACTERS]
        _log.info("ingest_failed", package_id=lease.package_id, reason=reason)
        await self._leases.finish(lease, lambda it: replace(it, status=PackageStatus.FAILED, status_reason=reason))

    def _check_age(self, package: Package) -> None:
        # A package on which servers die must not be taken up for ever.
        if package.created_at + _GIVEN_UP_AFTER < self._clock.now():
            raise FetchError("it could not be fetched within a day", transient=False)

    async def _keep(self, lease: IngestLease) -> None:
        while not lease.lost:
            await asyncio.sleep(self._renewal_seconds)
            try:
                await self._leases.renew(lease)
            except RegistryError as error:
                _log.warning("ingest_not_renewed", package_id=lease.package_id, reason=str(error))

    async def _fetch(self, lease: IngestLease, slot: Slot) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._fetch_once(lease)
            except FetchError as error:
                wait = max(error.retry_after_seconds, _BACK_OFF_SECONDS * 2**attempt)
                if not error.transient or attempt == _ATTEMPTS or wait > _LONGEST_WAIT_SECONDS:
                    raise
                lease.waits_because = f"tried again in {wait:.0f} s: {error}"[:_REASON_CHARACTERS]
            else:
                return
            await self._leases.renew(lease)
            await slot.rest(self._sleep(wait))
            lease.waits_because, lease.received_bytes = None, 0

    async def _fetch_once(self, lease: IngestLease) -> None:
        async with self._fetcher.fetch(lease.source_url) as fetched:
            incoming = IncomingContent(_counted(fetched.chunks, lease), fetched.filename, fetched.media_type)
            received = await self._intake.receive(incoming, owner=lease.owner)
        try:
            kept = await self._intake.settle(self._accept(lease, received, fetched.facts), received)
        except FetchError:
            await self._intake.discard(received.content)
            raise
        if not kept:
            await self._intake.discard(received.content)
            raise _Lost
        _log.info("ingest_done", package_id=lease.package_id, revision=fetched.facts.revision)

    async def _accept(self, lease: IngestLease, received: Received, facts: SourceFacts) -> bool:
        """Write the record; False when the lease was lost. Raises FetchError when the score is too low."""

        def active(package: Package) -> Package:
            return replace(filled(package, received, facts), status=PackageStatus.ACTIVE, status_reason=None)

        if self._gate is not None:
            candidate = active(await self._packages.get(lease.package_id))
            if (refusal := await self._gate.refusal(candidate)) is not None:
                raise FetchError(refusal, transient=False)
        return await self._leases.finish(lease, active, quota=self._intake.quota_of(lease.owner))


async def _counted(chunks: AsyncIterator[bytes], lease: IngestLease) -> AsyncIterator[bytes]:
    """The chunks, for as long as the lease holds. Raises _Lost."""
    async for chunk in chunks:
        if lease.lost:
            raise _Lost
        lease.received_bytes += len(chunk)
        yield chunk
