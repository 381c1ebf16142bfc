"""Puts the rating of packages together: the queue that the settings name, the sources, the services over them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from registry.adapters.memory.jobs import PATIENCE_SECONDS, LocalJobQueue
from registry.composition.outbound import Upstreams
from registry.composition.safety import SafetyServices
from registry.composition.tracing import TracedJob, untraced
from registry.domain.ratings import MetricName
from registry.ports.blobs import BlobStore
from registry.ports.cache import RatingCache
from registry.ports.clock import Clock, IdSource
from registry.ports.jobs import JobQueue
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingStore
from registry.ports.sandbox import Sandbox
from registry.rating.collect import EvidenceCollector
from registry.rating.score import DEFAULT_WEIGHTS
from registry.rating.sources import Deadlines, Sources
from registry.services.ingest.gate import ScoreGate, evidence_scorer
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.catalog import Catalog
from registry.services.ratings.archive_evidence import WALK_LIMITS, StoredArchiveInspector
from registry.services.ratings.archive_licenses import StoredLicenses
from registry.services.ratings.license_check import LicenseChecks
from registry.services.ratings.parents import LineageParentScores
from registry.services.ratings.parsing import IsolatedCardReader, Scorer
from registry.services.ratings.ratings import RatingAge, Ratings
from registry.services.ratings.receipt_signing import ReceiptSigning
from registry.services.ratings.work import RatingObserver, RatingRules, RatingWork
from registry.settings import CacheBackend, JobsBackend, Settings

_MEMORY_CACHE_SECONDS = 5
"""A process does not hear of ratings that others make: its own cache must not outlive them by much."""


@dataclass(frozen=True, slots=True)
class RatingStores:
    """The ports that ratings need."""

    ratings: RatingStore
    packages: PackageStore
    blobs: BlobStore


@dataclass(frozen=True, slots=True)
class RatingServices:
    ratings: Ratings
    license_checks: LicenseChecks
    work: RatingWork
    gate: ScoreGate | None
    """None where the settings ask for no least score of what is fetched."""


def weights_of(settings: Settings) -> Mapping[MetricName, float]:
    """The default weights with those of the settings in their place."""
    return {**DEFAULT_WEIGHTS, **settings.rating_weights}


def assemble_rating(
    settings: Settings,
    stores: RatingStores,
    around: "RatingCollaborators",
    *,
    receipts: ReceiptSigning,
    safety: SafetyServices,
    catalog: Catalog,
    audit: AuditWriter,
    clock: Clock,
    ids: IdSource,
) -> RatingServices:
    """The services over these stores and sources."""
    upstreams, cache = around.upstreams, around.cache
    cache_seconds = _MEMORY_CACHE_SECONDS if settings.cache is CacheBackend.MEMORY else settings.rating_cache_seconds
    sources = Sources(
        archives=StoredArchiveInspector(
            stores.blobs, around.sandbox, limits=replace(WALK_LIMITS, seconds=settings.inspection_seconds)
        ),
        safety=safety.facts,
        code_host=upstreams.code_host,
        hub=upstreams.hub,
        claims=upstreams.claims,
        parents=LineageParentScores(catalog, stores.ratings),
    )
    deadlines = Deadlines().within(settings.rating_source_seconds)
    seconds = settings.inspection_seconds
    cards = IsolatedCardReader(around.sandbox, seconds=seconds)
    scorer = Scorer(around.sandbox, weights_of(settings))
    collector = EvidenceCollector(sources, cards=cards, clock=clock, deadlines=deadlines)
    least = settings.min_ingest_score
    return RatingServices(
        gate=ScoreGate(evidence_scorer(collector, scorer, safety.scanning), least) if least else None,
        ratings=Ratings(
            stores.ratings,
            cache,
            around.jobs.queue,
            catalog=catalog,
            clock=clock,
            age=RatingAge(cache_seconds, settings.rating_fresh_seconds),
        ),
        license_checks=LicenseChecks(
            StoredLicenses(stores.blobs, around.sandbox), code_host=upstreams.code_host, hub=upstreams.hub
        ),
        work=RatingWork(
            stores.ratings,
            stores.packages,
            collector,
            cache=cache,
            verdicts=safety.for_ratings,
            audit=audit,
            clock=clock,
            ids=ids,
            scorer=scorer,
            receipts=receipts,
            rules=RatingRules(
                lease_seconds=settings.rating_lease_seconds,
                retry_seconds=settings.rating_retry_seconds,
                cache_seconds=cache_seconds,
                sweep_seconds=settings.rating_sweep_seconds,
            ),
            observer=around.observer,
        ),
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """A queue, and what is done for it in the background of a server and in a worker."""

    queue: JobQueue
    serve: Callable[[RatingWork], Coroutine[Any, Any, None]]
    work: Callable[[RatingWork], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class RatingCollaborators:
    """What ratings need besides stores: other servers, the cache, the queue, who counts, and where parsers run."""

    upstreams: Upstreams
    cache: RatingCache
    jobs: Jobs
    observer: RatingObserver
    sandbox: Sandbox


@asynccontextmanager
async def open_jobs(settings: Settings, traced: TracedJob = untraced) -> AsyncIterator[Jobs]:
    """The queue that the settings choose.

    Whoever makes ratings sweeps too, and does what it finds itself: no queue is needed for a rating to be made.
    """
    # Where workers of their own make ratings, no requests are there to go first.
    patience_seconds = PATIENCE_SECONDS if settings.jobs is JobsBackend.LOCAL else 0.0
    local = LocalJobQueue(concurrent=settings.rating_workers, patience_seconds=patience_seconds)

    async def work(rating: RatingWork) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(local.run(traced("rating", rating.perform)))
            tasks.create_task(rating.sweep(local))

    if settings.jobs is JobsBackend.LOCAL:
        yield Jobs(local, serve=work, work=work)
        return
    # Takes 0.1 s to import: only for those who use it.
    from registry.adapters.redis.jobs import open_job_queue

    async with open_job_queue(_secret(settings.redis_url) or "", concurrent=settings.rating_workers) as queue:

        async def work_on_stream(rating: RatingWork) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(queue.run(traced("rating", rating.perform)))
                tasks.create_task(work(rating))

        async def leave_to_workers(_rating: RatingWork) -> None:
            await asyncio.Event().wait()

        yield Jobs(queue, serve=leave_to_workers, work=work_on_stream)


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()
