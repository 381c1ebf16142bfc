"""Making ratings: leased once among all processes, collected, scored, stored.

A lease is renewed while the work goes on. When a worker dies, its lease ends by itself and the sweep of
any other finds the request: after `lease_seconds` and a sweep's interval at the latest.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.domain.packages import Package
from registry.domain.rating_requests import lease_seconds, retry_seconds
from registry.domain.ratings import RatingStatus
from registry.ports.cache import RatingCache
from registry.ports.clock import Clock, IdSource
from registry.ports.jobs import JobQueue
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingDocument, RatingLease, RatingStore
from registry.rating.collect import EvidenceCollector
from registry.services.maintenance.background import beside
from registry.services.packages.audit_writer import AuditWriter
from registry.services.ratings.documents import cache_entry, jittered, rating_document
from registry.services.ratings.parsing import Scorer
from registry.services.ratings.receipt_signing import ReceiptSigning

_log = structlog.get_logger(__name__)
_MOST_WAITS = 8
"""A rating waits so often, some two minutes in all, for the verdict on the content; then it is made without."""
_SWEPT_AT_ONCE = 100


class RatingObserver(Protocol):
    def rated(self, outcome: str, seconds: float) -> None:
        """One computation has ended.

        `complete`, `partial`, `void` (the package changed meanwhile), `waits` (for the verdict) or `failed`.
        """


class VerdictWait(Protocol):
    async def is_there(self, package: Package, asked_by: str) -> bool:
        """Whether the package's content has a verdict (or there is none to come), now or within about a second."""


class _Unobserved:
    def rated(self, outcome: str, seconds: float) -> None: ...


UNOBSERVED = _Unobserved()
"""Nobody counts."""


@dataclass(frozen=True, slots=True)
class RatingRules:
    """Times in seconds. A rating that lost sources is tried again after `retry_seconds` × 2ⁿ, at most a day."""

    lease_seconds: float
    retry_seconds: float
    cache_seconds: float
    sweep_seconds: float
    most_retry_seconds: float = 86_400


class RatingWork:
    def __init__(
        self,
        store: RatingStore,
        packages: PackageStore,
        collector: EvidenceCollector,
        *,
        cache: RatingCache,
        verdicts: VerdictWait,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
        scorer: Scorer,
        receipts: ReceiptSigning,
        rules: RatingRules,
        observer: RatingObserver,
    ) -> None:
        self._store = store
        self._packages = packages
        self._collector = collector
        self._cache = cache
        self._verdicts = verdicts
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._scorer = scorer
        self._receipts = receipts
        self._rules = rules
        self._observer = observer

    async def perform(self, package_id: str) -> None:
        """Rate the package if its request is due and nobody else has leased it."""
        now = self._clock.now()
        until = now + timedelta(seconds=self._rules.lease_seconds)
        lease = await self._store.lease(package_id, token=self._ids.new_id(), now=now, until=until)
        if lease is None:
            return
        began, outcome = now, "failed"
        try:
            async with self._held(lease):
                outcome = await self._rate(lease)
        except NotFound:
            await self._store.give_back(lease, due_at=None)
        except RegistryError as error:
            _log.warning("rating_waits", package_id=package_id, reason=str(error))
            with contextlib.suppress(RegistryError):
                await self._store.give_back(lease, due_at=self._next_try(lease))
        finally:
            self._observer.rated(outcome, (self._clock.now() - began).total_seconds())

    async def sweep(self, jobs: JobQueue) -> None:
        """Until cancelled, hand over the requests that are due: new ones, ones to try again, ones whose worker died."""
        while True:
            with contextlib.suppress(RegistryError):
                for due in await self._store.list_due(self._clock.now(), limit=_SWEPT_AT_ONCE):
                    await jobs.put(due.package_id, user=due.asked_by)
            await asyncio.sleep(jittered(self._rules.sweep_seconds))

    async def _rate(self, lease: RatingLease) -> str:
        package = await self._packages.get(lease.package_id)
        if lease.attempts <= _MOST_WAITS and not await self._verdicts.is_there(package, lease.asked_by):
            # Whoever makes the verdict has the rating made at once then.
            await self._store.give_back(lease, due_at=self._soon(lease))
            return "waits"
        evidence = await self._collector.collect(package)
        scored = await self._scorer.score(evidence, user=package.created_by)
        rating, document = scored.rating, rating_document(scored.rating)
        retry_at = self._next_try(lease) if rating.status is RatingStatus.PARTIAL else None
        change = self._audit.rated(package, lease.asked_by or None, rating)
        receipt = await self._receipts.sign(scored.receipt)
        if not await self._store.finish(lease, document, receipt, change, retry_at=retry_at):
            return "void"
        await self._keep_at_hand(document)
        _log.info("package_rated", package_id=package.id, revision=package.revision, status=rating.status.value)
        return rating.status.value

    async def _keep_at_hand(self, document: RatingDocument) -> None:
        await self._cache.put(
            document.package_id,
            document.revision,
            cache_entry(document, self._clock.now()),
            ttl_seconds=jittered(self._rules.cache_seconds),
        )

    def _soon(self, lease: RatingLease) -> datetime:
        return self._clock.now() + timedelta(seconds=jittered(min(60.0, 2.0 ** (lease.attempts - 1))))

    def _next_try(self, lease: RatingLease) -> datetime:
        rules = self._rules
        seconds = retry_seconds(
            lease.attempts, first_seconds=rules.retry_seconds, most_seconds=rules.most_retry_seconds
        )
        return self._clock.now() + timedelta(seconds=jittered(seconds))

    @asynccontextmanager
    async def _held(self, lease: RatingLease) -> AsyncIterator[None]:
        """Renews the lease. Attempts lengthen it: a package that kills its workers comes back ever more rarely."""
        held_seconds = lease_seconds(lease.attempts, first_seconds=self._rules.lease_seconds)

        async def renew() -> None:
            while True:
                with contextlib.suppress(RegistryError):
                    until = self._clock.now() + timedelta(seconds=held_seconds)
                    await self._store.extend(lease, until=until)
                await asyncio.sleep(self._rules.lease_seconds / 3)

        async with beside(renew()):
            yield
