"""Puts verdicts together: the scanner, who applies them, and the loops that work on what is due."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from registry.adapters.memory.jobs import PATIENCE_SECONDS, LocalJobQueue
from registry.composition.backends import Records
from registry.composition.tracing import TracedJob
from registry.domain.packages import Content, Package
from registry.domain.safety import SafetyStatus
from registry.domain.verdicts import SafetyPolicy
from registry.formats.scanning.limits import ScanLimits
from registry.ports.blobs import BlobStore
from registry.ports.clock import Clock, IdSource
from registry.ports.jobs import JobQueue
from registry.ports.sandbox import Sandbox
from registry.services.maintenance.refreshing import Refreshing, RefreshStores
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.catalog import Catalog
from registry.services.safety.applying import Applying
from registry.services.safety.content_scanner import StoredContentScanner
from registry.services.safety.dispatch import ScanDispatch, ScanHints
from registry.services.safety.facts import VerdictFacts
from registry.services.safety.ratings import RatingsAfterVerdicts
from registry.services.safety.scanning import Scanning, ScanStores
from registry.services.safety.verdicts import Verdicts
from registry.settings import JobsBackend, Settings

_REFRESH_SECONDS = 1.0
"""Between two packages that are brought up to date after an upgrade."""
Loop = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class SafetyServices:
    """`serve` is what a serving process does for verdicts in the background, `work` what a worker does."""

    verdicts: Verdicts
    scanning: Scanning
    facts: VerdictFacts
    refreshing: Refreshing
    for_ratings: RatingsAfterVerdicts
    serve: Loop
    work: Loop


def policy_of(settings: Settings) -> SafetyPolicy:
    return SafetyPolicy(require_scan=settings.require_scan, refuse_unscanned=settings.refuse_unscanned)


def assemble_safety(
    settings: Settings,
    records: Records,
    blobs: BlobStore,
    *,
    catalog: Catalog,
    audit: AuditWriter,
    clock: Clock,
    ids: IdSource,
    rating_jobs: JobQueue,
    sandbox: Sandbox,
    list_files: Callable[[Content, str], Awaitable[None]],
    traced: TracedJob,
) -> SafetyServices:
    """The services over these stores. `list_files` hears of contents with a new verdict, and whose they are."""
    policy, hints = policy_of(settings), ScanHints()
    scanning = Scanning(
        ScanStores(records.verdicts, records.scan_requests, records.packages),
        StoredContentScanner(
            blobs,
            sandbox,
            limits=ScanLimits(depth=settings.scan_depth, file_bytes=settings.scan_file_bytes),
            seconds=settings.scan_seconds,
        ),
        clock=clock,
        ids=ids,
        lease_seconds=settings.scan_lease_seconds,
    )
    for_ratings = RatingsAfterVerdicts(records.verdicts, records.ratings, rating_jobs, clock=clock, hint=hints.add)

    async def judged(package: Package, status: SafetyStatus, asked_by: str) -> None:
        await for_ratings.begin(package, status, asked_by)
        if package.content is not None:
            await list_files(package.content, asked_by)

    applying = Applying(
        records.packages,
        records.scan_requests,
        records.verdicts,
        scanning,
        policy=policy,
        audit=audit,
        clock=clock,
        on_judged=judged,
    )
    verdicts = Verdicts(
        records.verdicts,
        records.scan_requests,
        applying,
        catalog=catalog,
        policy=policy,
        clock=clock,
        hint=hints.add,
    )
    dispatch = ScanDispatch(
        records.scan_requests,
        applying,
        hints,
        clock=clock,
        places=settings.scan_workers,
        look_seconds=settings.scan_sweep_seconds,
    )

    async def work() -> None:
        # Where workers of their own scan, no requests are there to go first.
        patience_seconds = PATIENCE_SECONDS if settings.jobs is JobsBackend.LOCAL else 0.0
        jobs = LocalJobQueue(concurrent=settings.scan_workers, patience_seconds=patience_seconds)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(jobs.run(traced("scan", dispatch.perform)))
            tasks.create_task(dispatch.run(jobs))
            tasks.create_task(scanning.run_again(interval_seconds=settings.scan_again_seconds))

    async def leave_to_workers() -> None:
        await asyncio.Event().wait()

    return SafetyServices(
        verdicts=verdicts,
        scanning=scanning,
        facts=VerdictFacts(records.verdicts),
        refreshing=Refreshing(
            RefreshStores(records.packages, records.ratings, records.scan_requests, records.upgrades),
            policy=policy,
            clock=clock,
            pause_seconds=_REFRESH_SECONDS,
        ),
        for_ratings=for_ratings,
        serve=work if settings.jobs is JobsBackend.LOCAL else leave_to_workers,
        work=work,
    )
