"""Puts a registry together: the only module that names concrete adapters."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from registry.adapters.argon2.passwords import Argon2PasswordHasher
from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.filesystem.parts import FilesystemPartStore
from registry.adapters.filesystem.secret_files import kept_secret
from registry.adapters.jose.tokens import JoseTokenCodec
from registry.adapters.search.index import LocalSearchIndex
from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.answers import SqliteAnswerStore
from registry.adapters.sqlite.audit import SqliteAuditStore
from registry.adapters.sqlite.changes import SqliteChangeFeed
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.health import SqliteHealthLog
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.ratings import SqliteRatingStore
from registry.adapters.sqlite.schema import THROTTLE
from registry.adapters.sqlite.throttle import SqliteAttemptCounter
from registry.adapters.sqlite.uploads import SqliteUploadStore
from registry.adapters.sqlite.usage import SqliteUsageStore
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource
from registry.composition_outbound import Outbound, open_outbound
from registry.composition_rating import (
    RatingStores,
    RatingSurroundings,
    assemble_rating,
    open_cache,
    open_jobs,
)
from registry.ports.accounts import AccountStore
from registry.ports.answers import AnswerStore
from registry.ports.audit import AuditStore
from registry.ports.blobs import BlobStore
from registry.ports.changes import ChangeFeed
from registry.ports.health import HealthLog
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.parts import PartStore
from registry.ports.passwords import PasswordHasher
from registry.ports.ratings import RatingStore
from registry.ports.throttle import AttemptCounter
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from registry.services.accounts import AccountRules, Accounts
from registry.services.admission import Admission
from registry.services.announcing import announcing
from registry.services.archives import ArchiveLimits, ArchiveReader
from registry.services.background import run_loops
from registry.services.bootstrap import Bootstrap
from registry.services.catalog import Catalog
from registry.services.changing import Changing
from registry.services.container import Services
from registry.services.cursors import CursorCodec
from registry.services.deliveries import Deliveries
from registry.services.health import HealthMonitor, Probe
from registry.services.indexing import IndexFollower
from registry.services.ingest import Ingest
from registry.services.ingest_claims import Claims
from registry.services.intake import AuditWriter, Intake
from registry.services.maintenance import HousekeepingObserver, Maintenance
from registry.services.observation import CallObserver, observed
from registry.services.publishing import Publishing
from registry.services.quotas import QuotaRules, Quotas
from registry.services.rating_work import UNOBSERVED, RatingObserver
from registry.services.retrieval import DownloadLog, Retrieval
from registry.services.search import SearchService
from registry.services.sessions import Sessions
from registry.services.subparts import SubParts
from registry.services.uploads import UploadRules, Uploads
from registry.services.webhooks import Webhooks
from registry.settings import Settings

ADMIN_PASSWORD_FILE = "admin-password"  # noqa: S105  (a file name)
_LEASE_TIMEOUTS = 3
"""A claimed delivery is free again after so many times the time that one may take."""
_COMPLETE_WAIT_SECONDS = 25.0
"""Below the half minute or minute after which proxies give up on a silent answer."""
_SIGNING_KEY_FILE = "signing-key"


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of one home."""

    packages: PackageStore
    changes: ChangeFeed
    accounts: AccountStore
    audit: AuditStore
    answers: AnswerStore
    attempts: AttemptCounter
    health_log: HealthLog
    records: RecordMaintenance
    blobs: BlobStore
    ratings: RatingStore
    uploads: UploadStore
    usage: UsageStore
    parts: PartStore
    webhooks: WebhookStore
    outbox: DeliveryOutbox


@dataclass(frozen=True, slots=True)
class _Search:
    """The search of this process, and what keeps its index in step."""

    service: SearchService
    follower: IndexFollower


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
async def _open_embedded(settings: Settings, clock: SystemClock) -> AsyncIterator[Stores]:
    data_dir = settings.data_dir
    async with AsyncExitStack() as stack:
        database = await SqliteDatabase.open(data_dir / "registry.db")
        stack.push_async_callback(database.close)
        throttle = await SqliteDatabase.open(data_dir / "throttle.db", migrations=THROTTLE, durable=False)
        stack.push_async_callback(throttle.close)
        blobs = await asyncio.to_thread(
            FilesystemBlobStore.open, data_dir / "blobs", read_memory_bytes=settings.download_memory_bytes
        )
        stack.push_async_callback(asyncio.to_thread, blobs.close)
        parts = await asyncio.to_thread(FilesystemPartStore.open, data_dir / "blobs")
        stack.push_async_callback(asyncio.to_thread, parts.close)
        yield Stores(
            packages=SqlitePackageStore(database, clock),
            changes=SqliteChangeFeed(database),
            accounts=SqliteAccountStore(database),
            audit=SqliteAuditStore(database),
            answers=SqliteAnswerStore(database, clock),
            attempts=SqliteAttemptCounter(throttle, clock),
            health_log=SqliteHealthLog(database),
            records=SqliteRecordMaintenance(database),
            blobs=blobs,
            ratings=SqliteRatingStore(database),
            uploads=SqliteUploadStore(database, clock),
            usage=SqliteUsageStore(database),
            parts=parts,
            webhooks=SqliteWebhookStore(database, clock),
            outbox=SqliteDeliveryOutbox(database, clock),
        )


@asynccontextmanager
async def _open_search(data_dir: Path, stores: Stores) -> AsyncIterator[_Search]:
    """The index is opened and filled by the follower, in the background of a serving process only."""
    index = LocalSearchIndex(data_dir / "search.db")
    follower = IndexFollower(stores.changes, stores.packages, index)
    try:
        yield _Search(SearchService(index, stores.packages, follower), follower)
    finally:
        await index.close()


def _announced(stores: Stores, search: SearchService) -> Stores:
    """The same stores; whoever changes packages through them finds the change at once."""
    return replace(
        stores,
        packages=announcing(stores.packages, frozenset({"add", "replace", "remove"}), search.changed),
        records=announcing(stores.records, frozenset({"reset"}), search.changed),
    )


@asynccontextmanager
async def open_registry(
    settings: Settings,
    *,
    observer: CallObserver | None = None,
    housekeeping: HousekeepingObserver | None = None,
    ratings_observer: RatingObserver | None = None,
) -> AsyncIterator[Running]:
    """Open the stores that the settings choose and the services over them; closed again at the end.

    `observer` is told of every store call, `housekeeping` of sweeps and scrubs, `ratings_observer` of
    every rating.
    """
    clock, ids = SystemClock(), UuidSource()
    observers = _Observers()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    hasher = Argon2PasswordHasher()
    async with (
        _open_embedded(settings, clock) as opened,
        _open_search(settings.data_dir, stores := _observed(opened, observers)) as search,
        open_outbound(settings, clock) as outbound,
        open_cache(settings, clock) as cache,
        open_jobs(settings) as jobs,
    ):
        around = RatingSurroundings(
            outbound.upstreams, observed(cache, "cache", observers), jobs, ratings_observer or UNOBSERVED
        )
        running = _assemble(
            settings,
            stores,
            search,
            outbound,
            hasher,
            clock=clock,
            ids=ids,
            housekeeping=housekeeping,
            around=around,
        )
        observers.all = [each for each in (observer, running.services.health) if each is not None]
        await running.bootstrap.ensure_admin()
        try:
            yield running
        finally:
            await running.services.uploads.close()
            await asyncio.to_thread(hasher.close)


def _observed(stores: Stores, observer: CallObserver) -> Stores:
    return Stores(
        packages=observed(stores.packages, "records", observer),
        changes=stores.changes,
        accounts=observed(stores.accounts, "records", observer),
        audit=observed(stores.audit, "records", observer),
        answers=observed(stores.answers, "records", observer),
        attempts=observed(stores.attempts, "throttle", observer),
        health_log=stores.health_log,
        records=observed(stores.records, "records", observer),
        blobs=observed(stores.blobs, "blobs", observer),
        ratings=observed(stores.ratings, "records", observer),
        uploads=observed(stores.uploads, "records", observer),
        usage=observed(stores.usage, "records", observer),
        parts=observed(stores.parts, "blobs", observer),
        webhooks=observed(stores.webhooks, "records", observer),
        outbox=observed(stores.outbox, "records", observer),
    )


def _assemble(
    settings: Settings,
    stores: Stores,
    search: _Search,
    outbound: Outbound,
    hasher: PasswordHasher,
    *,
    clock: SystemClock,
    ids: UuidSource,
    housekeeping: HousekeepingObserver | None,
    around: RatingSurroundings,
) -> Running:
    stores = _announced(stores, search.service)
    kept = _secrets_of(settings)
    codec = JoseTokenCodec(kept.signing_key)
    audit = AuditWriter(clock, ids)
    archives = ArchiveReader(stores.blobs, limits=ArchiveLimits(seconds=settings.archive_seconds))
    quotas = Quotas(
        stores.usage,
        stores.uploads,
        QuotaRules(settings.max_package_bytes, settings.max_user_bytes, settings.max_open_uploads),
    )
    intake = Intake(stores.blobs, archives, quotas)
    bootstrap = Bootstrap(
        stores.accounts, hasher=hasher, clock=clock, name=settings.admin_username, password=kept.admin_password
    )
    catalog = Catalog(stores.packages, stores.audit)
    rating = assemble_rating(
        settings,
        RatingStores(stores.ratings, stores.packages, stores.blobs),
        around,
        catalog=catalog,
        audit=audit,
        clock=clock,
        ids=ids,
    )
    publishing = Publishing(
        stores.packages,
        intake,
        answers=stores.answers,
        audit=audit,
        clock=clock,
        ids=ids,
        idempotency_seconds=settings.idempotency_seconds,
    )
    uploads = Uploads(
        stores.uploads,
        stores.parts,
        publishing,
        intake,
        quotas,
        answers=stores.answers,
        clock=clock,
        ids=ids,
        rules=UploadRules(
            settings.upload_seconds, settings.upload_part_bytes, settings.idempotency_seconds, _COMPLETE_WAIT_SECONDS
        ),
    )
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
        publishing=publishing,
        changing=Changing(stores.packages, intake, audit=audit, clock=clock),
        retrieval=Retrieval(catalog, stores.blobs, DownloadLog(stores.audit, audit)),
        maintenance=Maintenance(
            stores.records, stores.blobs, uploads=uploads, bootstrap=bootstrap, clock=clock, observer=housekeeping
        ),
        health=HealthMonitor(
            stores.health_log,
            clock,
            {
                "records": Probe(stores.records.ping),
                "blobs": Probe(stores.blobs.ping),
                "search": Probe(search.service.check, optional=True),
            },
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
            gate=rating.gate,
        ),
        webhooks=Webhooks(
            stores.webhooks,
            stores.outbox,
            outbound.sender,
            clock=clock,
            ids=ids,
            max_webhooks=settings.max_webhooks,
        ),
        deliveries=Deliveries(
            stores.webhooks,
            stores.outbox,
            outbound.sender,
            clock=clock,
            lease_seconds=_LEASE_TIMEOUTS * settings.webhook_timeout_seconds,
        ),
        subparts=SubParts(stores.blobs),
        uploads=uploads,
        admission=Admission(total_bytes=settings.upload_memory_bytes, wait_seconds=settings.upload_wait_seconds),
        cursors=CursorCodec(kept.signing_key.encode()),
        ratings=rating.ratings,
        license_checks=rating.license_checks,
        rate_in_background=lambda: around.jobs.serve(rating.work),
        rate_as_worker=lambda: around.jobs.work(rating.work),
        search=search.service,
        index_follower=search.follower,
    )
    return Running(services, bootstrap, stores.attempts)


async def run_background(services: Services, settings: Settings) -> None:
    """What a serving process does besides answering: until cancelled."""

    def sweep() -> Awaitable[None]:
        return services.maintenance.run(
            interval_seconds=settings.sweep_interval_seconds, grace_seconds=settings.sweep_grace_seconds
        )

    def scrub() -> Awaitable[None]:
        return services.maintenance.run_scrubs(interval_seconds=settings.scrub_interval_seconds)

    loops = {
        "downloads": services.retrieval.downloads.run,
        "health": services.health.run,
        "ingest": services.ingest.run,
        "ratings": services.rate_in_background,
        "search": services.index_follower.run,
        "webhooks": services.deliveries.run,
        "sweep": sweep,
    }
    await run_loops(loops | ({"scrub": scrub} if settings.scrub_interval_seconds else {}))


async def prepare(settings: Settings) -> None:
    """Make the stores ready once, before the workers start: schema, folders, key, first admin."""
    async with open_registry(settings):
        pass
