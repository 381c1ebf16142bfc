"""Puts a registry together: the only module that names concrete adapters."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from registry.adapters.argon2.passwords import Argon2PasswordHasher
from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.filesystem.secret_files import kept_secret
from registry.adapters.jose.tokens import JoseTokenCodec
from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.answers import SqliteAnswerStore
from registry.adapters.sqlite.audit import SqliteAuditStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.health import SqliteHealthLog
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.schema import THROTTLE
from registry.adapters.sqlite.throttle import SqliteAttemptCounter
from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource
from registry.composition_outbound import Outbound, compose_gate, compose_outbound
from registry.ports.accounts import AccountStore
from registry.ports.answers import AnswerStore
from registry.ports.audit import AuditStore
from registry.ports.blobs import BlobStore
from registry.ports.health import HealthLog
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.passwords import PasswordHasher
from registry.ports.throttle import AttemptCounter
from registry.services.accounts import AccountRules, Accounts
from registry.services.archives import ArchiveLimits, ArchiveReader
from registry.services.bootstrap import Bootstrap
from registry.services.catalog import Catalog
from registry.services.changing import Changing
from registry.services.container import Services
from registry.services.cursors import CursorCodec
from registry.services.health import HealthMonitor, Probe
from registry.services.ingest import Ingest
from registry.services.ingest_claims import Claims
from registry.services.intake import AuditWriter, Intake
from registry.services.maintenance import Maintenance
from registry.services.observation import CallObserver, observed
from registry.services.publishing import Publishing
from registry.services.retrieval import DownloadLog, Retrieval
from registry.services.sessions import Sessions
from registry.settings import Settings

ADMIN_PASSWORD_FILE = "admin-password"  # noqa: S105  (a file name)
_FETCH_TIMEOUT_SECONDS = 20.0
_SIGNING_KEY_FILE = "signing-key"


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of one home."""

    packages: PackageStore
    accounts: AccountStore
    audit: AuditStore
    answers: AnswerStore
    attempts: AttemptCounter
    health_log: HealthLog
    records: RecordMaintenance
    blobs: BlobStore


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


class _Observers:
    """Tells each of several observers."""

    def __init__(self) -> None:
        self.all: list[CallObserver] = []

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        for observer in self.all:
            observer.observe(store, operation, seconds, outcome)


@asynccontextmanager
async def _open_embedded(data_dir: Path, clock: SystemClock) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        database = await SqliteDatabase.open(data_dir / "registry.db")
        stack.push_async_callback(database.close)
        throttle = await SqliteDatabase.open(data_dir / "throttle.db", migrations=THROTTLE, durable=False)
        stack.push_async_callback(throttle.close)
        blobs = await asyncio.to_thread(FilesystemBlobStore.open, data_dir / "blobs")
        stack.push_async_callback(asyncio.to_thread, blobs.close)
        yield Stores(
            packages=SqlitePackageStore(database, clock),
            accounts=SqliteAccountStore(database),
            audit=SqliteAuditStore(database),
            answers=SqliteAnswerStore(database, clock),
            attempts=SqliteAttemptCounter(throttle, clock),
            health_log=SqliteHealthLog(database),
            records=SqliteRecordMaintenance(database),
            blobs=blobs,
        )


@asynccontextmanager
async def open_registry(settings: Settings, *, observer: CallObserver | None = None) -> AsyncIterator[Running]:
    """Open the stores that the settings choose and the services over them; closed again at the end.

    `observer` is told of every store call.
    """
    clock, ids = SystemClock(), UuidSource()
    observers = _Observers()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    hasher = Argon2PasswordHasher()
    async with (
        _open_embedded(settings.data_dir, clock) as stores,
        httpx.AsyncClient(timeout=_FETCH_TIMEOUT_SECONDS, trust_env=False) as client,
    ):
        outbound = compose_outbound(settings, client, clock)
        running = _assemble(settings, _observed(stores, observers), outbound, hasher, clock=clock, ids=ids)
        observers.all = [each for each in (observer, running.services.health) if each is not None]
        await running.bootstrap.ensure_admin()
        try:
            yield running
        finally:
            await asyncio.to_thread(hasher.close)


def _observed(stores: Stores, observer: CallObserver) -> Stores:
    return Stores(
        packages=observed(stores.packages, "records", observer),
        accounts=observed(stores.accounts, "records", observer),
        audit=observed(stores.audit, "records", observer),
        answers=observed(stores.answers, "records", observer),
        attempts=observed(stores.attempts, "throttle", observer),
        health_log=stores.health_log,
        records=observed(stores.records, "records", observer),
        blobs=observed(stores.blobs, "blobs", observer),
    )


def _assemble(
    settings: Settings,
    stores: Stores,
    outbound: Outbound,
    hasher: PasswordHasher,
    *,
    clock: SystemClock,
    ids: UuidSource,
) -> Running:
    kept = _secrets_of(settings)
    codec = JoseTokenCodec(kept.signing_key)
    audit = AuditWriter(clock, ids)
    archives = ArchiveReader(stores.blobs, limits=ArchiveLimits(seconds=settings.archive_seconds))
    intake = Intake(stores.blobs, archives, max_package_bytes=settings.max_package_bytes)
    bootstrap = Bootstrap(
        stores.accounts, hasher=hasher, clock=clock, name=settings.admin_username, password=kept.admin_password
    )
    catalog = Catalog(stores.packages, stores.audit)
    services = Services(
        sessions=Sessions(codec, stores.accounts),
        accounts=Accounts(
            stores.accounts,
            hasher=hasher,
            codec=codec,
            attempts=stores.attempts,
            clock=clock,
            rules=AccountRules(
                settings.token_lifetime_seconds,
                settings.login_window_seconds,
                settings.login_attempts_per_name,
                settings.login_attempts_per_address,
            ),
        ),
        catalog=catalog,
        publishing=Publishing(
            stores.packages,
            intake,
            answers=stores.answers,
            audit=audit,
            clock=clock,
            ids=ids,
            idempotency_seconds=settings.idempotency_seconds,
        ),
        changing=Changing(stores.packages, intake, audit=audit, clock=clock),
        retrieval=Retrieval(catalog, stores.blobs, DownloadLog(stores.audit, audit)),
        maintenance=Maintenance(stores.records, stores.blobs, bootstrap=bootstrap, clock=clock),
        health=HealthMonitor(
            stores.health_log, clock, {"records": Probe(stores.records.ping), "blobs": Probe(stores.blobs.ping)}
        ),
        ingest=Ingest(
            stores.packages,
            intake,
            outbound.fetcher,
            claims=Claims(
                stores.packages, audit=audit, clock=clock, ids=ids, lease_seconds=settings.ingest_lease_seconds
            ),
            clock=clock,
            lease_seconds=settings.ingest_lease_seconds,
            gate=compose_gate(settings, outbound, stores.blobs, clock),
        ),
        cursors=CursorCodec(kept.signing_key.encode()),
    )
    return Running(services, bootstrap, stores.attempts)


async def run_background(services: Services, settings: Settings) -> None:
    """What a serving process does besides answering: until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(services.retrieval.downloads.run())
        tasks.create_task(services.health.run())
        tasks.create_task(services.ingest.run())
        tasks.create_task(
            services.maintenance.run(
                interval_seconds=settings.sweep_interval_seconds, grace_seconds=settings.sweep_grace_seconds
            )
        )


async def prepare(settings: Settings) -> None:
    """Make the stores ready once, before the workers start: schema, folders, key, first admin."""
    async with open_registry(settings):
        pass
