"""Puts a registry together: the only package that names concrete adapters."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from registry.adapters.argon2.passwords import Argon2PasswordHasher
from registry.adapters.filesystem.secret_files import kept_secret
from registry.adapters.jose.tokens import JoseTokenCodec
from registry.adapters.outbound.fetcher import HttpFetcher
from registry.adapters.outbound.guarded import GuardedResolver
from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource
from registry.composition.homes import EngineLimits, Stores
from registry.composition.observing import Observers
from registry.composition.stores import open_stores
from registry.ports.fetching import ContentFetcher
from registry.ports.passwords import PasswordHasher
from registry.ports.throttle import AttemptCounter
from registry.services.accounts import AccountRules, Accounts
from registry.services.admission import Admission
from registry.services.archives import ArchiveLimits, ArchiveReader
from registry.services.background import run_loops
from registry.services.bootstrap import Bootstrap
from registry.services.catalog import Catalog
from registry.services.changing import Changing
from registry.services.container import Services
from registry.services.cursors import CursorCodec
from registry.services.health import ComponentState, HealthMonitor, Probe
from registry.services.ingest import Ingest
from registry.services.intake import AuditWriter, Intake
from registry.services.maintenance import Maintenance
from registry.services.observation import StateObserver
from registry.services.publishing import Publishing
from registry.services.quotas import QuotaRules, Quotas
from registry.services.reading import Reading
from registry.services.retrieval import DownloadLog, Retrieval
from registry.services.sessions import Sessions
from registry.services.uploads import UploadRules, Uploads
from registry.settings import Settings

ADMIN_PASSWORD_FILE = "admin-password"  # noqa: S105  (a file name)
_FETCH_TIMEOUT_SECONDS = 20.0
_COMPLETE_WAIT_SECONDS = 25.0
"""Below the half minute or minute after which proxies give up on a silent answer."""
_SIGNING_KEY_FILE = "signing-key"


@dataclass(frozen=True, slots=True)
class Running:
    """An open registry."""

    services: Services
    bootstrap: Bootstrap
    attempts: AttemptCounter


@dataclass(frozen=True, slots=True)
class _Secrets:
    signing_key: str
    admin_password: str


def _secrets_of(settings: Settings) -> _Secrets:
    """The key and the password from the settings; the embedded home makes and keeps what is not given."""

    def value(given: SecretStr | None, file: str, size: int) -> str:
        if given is not None:
            return given.get_secret_value()
        return kept_secret(settings.data_dir / file, lambda: secrets.token_urlsafe(size))

    return _Secrets(
        value(settings.jwt_secret, _SIGNING_KEY_FILE, 48), value(settings.admin_password, ADMIN_PASSWORD_FILE, 15)
    )


@asynccontextmanager
async def open_registry(
    settings: Settings, *, observer: StateObserver | None = None, limits: EngineLimits | None = None
) -> AsyncIterator[Running]:
    """Open the stores that the settings choose and the services over them; closed again at the end.

    `observer` is told of every store call.
    """
    clock, ids = SystemClock(), UuidSource()
    observers = Observers()
    hasher = Argon2PasswordHasher()

    def on_state(state: ComponentState) -> None:
        if observer is not None:
            observer.tell_state(state.name, up=state.ok)

    async with (
        open_stores(settings, clock, observers, limits or EngineLimits()) as stores,
        httpx.AsyncClient(timeout=_FETCH_TIMEOUT_SECONDS, trust_env=False) as client,
    ):
        fetcher = HttpFetcher(client, GuardedResolver(settings.allow_private_targets))
        running = _assemble(settings, stores, fetcher, hasher, clock=clock, ids=ids, on_state=on_state)
        observers.all = [each for each in (observer, running.services.health) if each is not None]
        await running.bootstrap.ensure_admin()
        try:
            yield running
        finally:
            await running.services.uploads.close()
            await asyncio.to_thread(hasher.close)


def _assemble(
    settings: Settings,
    stores: Stores,
    fetcher: ContentFetcher,
    hasher: PasswordHasher,
    *,
    clock: SystemClock,
    ids: UuidSource,
    on_state: Callable[[ComponentState], None],
) -> Running:
    kept = _secrets_of(settings)
    records, blobs = stores.records, stores.bytes.blobs
    codec = JoseTokenCodec(kept.signing_key)
    sessions = Sessions(codec, records.accounts)
    audit = AuditWriter(clock, ids)
    archives = ArchiveReader(blobs, limits=ArchiveLimits(seconds=settings.archive_seconds))
    quotas = Quotas(
        records.usage,
        records.uploads,
        QuotaRules(settings.max_package_bytes, settings.max_user_bytes, settings.max_open_uploads),
    )
    intake = Intake(blobs, archives, quotas)
    bootstrap = Bootstrap(
        records.accounts, hasher=hasher, clock=clock, name=settings.admin_username, password=kept.admin_password
    )
    catalog = Catalog(records.packages, records.audit)
    publishing = Publishing(
        records.packages,
        intake,
        answers=records.answers,
        audit=audit,
        clock=clock,
        ids=ids,
        idempotency_seconds=settings.idempotency_seconds,
    )
    uploads = Uploads(
        records.uploads,
        stores.bytes.parts,
        publishing,
        intake,
        quotas,
        answers=records.answers,
        clock=clock,
        ids=ids,
        rules=UploadRules(
            settings.upload_seconds, settings.upload_part_bytes, settings.idempotency_seconds, _COMPLETE_WAIT_SECONDS
        ),
    )
    services = Services(
        sessions=sessions,
        reading=Reading(sessions, records.reader),
        accounts=Accounts(
            records.accounts,
            hasher=hasher,
            codec=codec,
            attempts=stores.shared.attempts,
            clock=clock,
            rules=AccountRules(
                settings.token_lifetime_seconds,
                settings.login_window_seconds,
                settings.login_attempts_per_name,
                settings.login_attempts_per_address,
            ),
        ),
        catalog=catalog,
        publishing=publishing,
        changing=Changing(records.packages, intake, audit=audit, clock=clock),
        retrieval=Retrieval(catalog, blobs, DownloadLog(records.audit, audit)),
        maintenance=Maintenance(records.maintenance, blobs, uploads=uploads, bootstrap=bootstrap, clock=clock),
        health=HealthMonitor(records.health_log, clock, _probes(stores), on_state=on_state),
        ingest=Ingest(records.packages, intake, fetcher, audit=audit, clock=clock),
        uploads=uploads,
        admission=Admission(total_bytes=settings.upload_memory_bytes, wait_seconds=settings.upload_wait_seconds),
        cursors=CursorCodec(kept.signing_key.encode()),
    )
    return Running(services, bootstrap, stores.shared.attempts)


def _probes(stores: Stores) -> dict[str, Probe]:
    probes = {"records": Probe(stores.records.maintenance.ping), "blobs": Probe(stores.bytes.blobs.ping)}
    return probes if stores.shared.probe is None else {**probes, "cache": stores.shared.probe}


async def run_background(services: Services, settings: Settings) -> None:
    """What a serving process does besides answering: until cancelled."""

    def sweep() -> Awaitable[None]:
        return services.maintenance.run(
            interval_seconds=settings.sweep_interval_seconds, grace_seconds=settings.sweep_grace_seconds
        )

    await run_loops(
        {
            "downloads": services.retrieval.downloads.run,
            "health": services.health.run,
            "ingest": services.ingest.run,
            "sweep": sweep,
        }
    )


async def prepare(settings: Settings) -> None:
    """Make the stores ready once, before the workers start: schema, folders, key, first admin."""
    async with open_registry(settings):
        pass
