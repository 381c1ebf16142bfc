"""Puts a registry together: the only package that names concrete adapters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from registry.adapters.argon2.passwords import Argon2PasswordHasher
from registry.adapters.system.clock import AgreedClock, SystemClock
from registry.adapters.system.ids import UuidSource
from registry.composition.assembly import Collaborators, Running, assemble
from registry.composition.edge import open_edge_cache
from registry.composition.observing import Observers
from registry.composition.outbound import open_outbound
from registry.composition.parsing import open_parsing
from registry.composition.rating import RatingCollaborators, open_jobs
from registry.composition.search import open_search
from registry.composition.secrets import ADMIN_PASSWORD_FILE
from registry.composition.stores import open_stores
from registry.composition.tracing import until_closed, untraced
from registry.ports.clock import Clock
from registry.services.container import Services
from registry.services.health.health import ComponentState
from registry.services.maintenance.background import run_loops
from registry.services.maintenance.maintenance import HousekeepingObserver
from registry.services.ratings.work import UNOBSERVED, RatingObserver
from registry.settings import Settings
from registry.telemetry.observation import StateObserver

if TYPE_CHECKING:
    from registry.composition.engines import EngineLimits
    from registry.telemetry.tracing import Tracing

__all__ = ["ADMIN_PASSWORD_FILE", "Running", "open_registry", "prepare", "run_background"]


@asynccontextmanager
async def open_registry(
    settings: Settings,
    *,
    observer: StateObserver | None = None,
    housekeeping: HousekeepingObserver | None = None,
    ratings_observer: RatingObserver | None = None,
    limits: "EngineLimits | None" = None,
    tracing: "Tracing | None" = None,
    host_clock: Clock | None = None,
) -> AsyncIterator[Running]:
    """Open the stores that the settings choose and the services over them; closed again at the end.

    `observer` gets every store call and each component's state, `housekeeping` sweeps and scrubs,
    `ratings_observer` every rating. `tracing` makes spans of store calls and jobs; it is closed at the end.
    `host_clock` is this host's clock where that is not the system's.
    """
    clock, ids = AgreedClock(host_clock or SystemClock()), UuidSource()
    observers, hasher = Observers(), Argon2PasswordHasher()

    def on_state(state: ComponentState) -> None:
        if observer is not None:
            observer.report_state(state.name, up=state.ok)

    traced = untraced if tracing is None else tracing.job
    async with (
        until_closed(tracing),
        open_stores(settings, clock, observers, limits) as stores,
        open_search(settings, stores, clock=clock, ids=ids) as search,
        open_outbound(settings, clock, tracing) as outbound,
        open_edge_cache(settings) as edge,
        open_jobs(settings, traced) as jobs,
        open_parsing(settings) as sandbox,
    ):
        around = Collaborators(
            search=search,
            outbound=outbound,
            edge=edge,
            traced=traced,
            rating=RatingCollaborators(
                outbound.upstreams, stores.shared.ratings, jobs, ratings_observer or UNOBSERVED, sandbox
            ),
            hasher=hasher,
            clock=clock,
            ids=ids,
            keep_parsers_ready=sandbox.keep_ready,
            housekeeping=housekeeping,
            on_state=on_state,
        )
        running = assemble(settings, stores, around)
        observers.all = [each for each in (observer, running.services.health, tracing) if each is not None]
        await running.bootstrap.ensure_admin()
        try:
            yield running
        finally:
            await running.services.uploads.close()
            await asyncio.to_thread(hasher.close)


async def run_background(
    services: Services, settings: Settings, more: Mapping[str, Callable[[], Awaitable[None]]]
) -> None:
    """What a serving process does besides answering, and `more` loops by name: until cancelled."""

    def sweep() -> Awaitable[None]:
        return services.maintenance.run(
            interval_seconds=settings.sweep_interval_seconds,
            full_interval_seconds=settings.full_sweep_interval_seconds,
            grace_seconds=settings.sweep_grace_seconds,
        )

    def scrub() -> Awaitable[None]:
        return services.maintenance.run_scrubs(interval_seconds=settings.scrub_interval_seconds)

    loops = {
        "downloads": services.retrieval.downloads.run,
        "files": services.list_files_in_background,
        "health": services.health.run,
        "ingest": services.ingest.run,
        "listings": services.maintenance.run_listing_upgrade,
        "parsing": services.keep_parsers_ready,
        "popularity": services.popularity.run,
        "ratings": services.rate_in_background,
        "refresh": services.refreshing.run,
        "scans": services.scan_in_background,
        "search": services.index_follower.run,
        "token use": services.token_use.run,
        "audit log": services.global_audit.run,
        "webhooks": services.deliveries.run,
        "sweep": sweep,
        **more,
    }
    if services.edge is not None:
        loops["edge"] = services.edge.run
    if services.index_snapshots is not None:
        loops["search snapshots"] = services.index_snapshots.run
    await run_loops(loops | ({"scrub": scrub} if settings.scrub_interval_seconds else {}))


async def prepare(settings: Settings) -> bool:
    """Make the stores ready once, before the workers start: schema, folders, key, first admin, owners of names.

    Whether the first admin still signs in with the first password.
    """
    async with open_registry(settings) as running:
        await running.services.names.migrate()
        return await running.bootstrap.first_password_holds()
