"""The services of a registry over its open stores."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from registry.adapters.ed25519 import Ed25519Signer, verify
from registry.composition.accounts import assemble_accounts
from registry.composition.backends import Stores
from registry.composition.edge import assemble_edge
from registry.composition.files import assemble_files
from registry.composition.hub import assemble_hub, pulling
from registry.composition.memory import UploadMemory
from registry.composition.outbound import Outbound
from registry.composition.policy import assemble_policy
from registry.composition.rating import RatingCollaborators, RatingStores, assemble_rating
from registry.composition.safety import assemble_safety
from registry.composition.search import Search, announced
from registry.composition.secrets import secrets_of
from registry.composition.tracing import TracedJob
from registry.composition.webhooks import assemble_webhooks
from registry.domain.receipt_keys import read_keys
from registry.formats.archives.limits import ArchiveLimits
from registry.ports.clock import Clock, IdSource
from registry.ports.edge import EdgeCache
from registry.ports.passwords import PasswordHasher
from registry.ports.throttle import AttemptCounter
from registry.services.accounts.bootstrap import Bootstrap
from registry.services.audit.global_audit import GlobalAudit
from registry.services.container import Services
from registry.services.health.health import ComponentState, HealthMonitor, Probe
from registry.services.health.load_tests import LoadTests
from registry.services.ingest.ingest import Ingest, IngestLimits
from registry.services.ingest.leases import IngestLeases
from registry.services.maintenance.leases import RegularWork
from registry.services.maintenance.maintenance import HousekeepingObserver, Maintenance
from registry.services.names.access import Access
from registry.services.names.drafts import Drafts
from registry.services.names.names import Names
from registry.services.names.namespaces import Namespaces
from registry.services.names.owners import AccountNames
from registry.services.names.private import PrivateNames
from registry.services.names.releases import Releases
from registry.services.packages.archive_reading import ArchiveReader
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.catalog import Catalog
from registry.services.packages.changing import Changing
from registry.services.packages.cursors import CursorCodec
from registry.services.packages.intake import Intake
from registry.services.packages.popularity import Popularity, PopularityStores
from registry.services.packages.publishing import Publishing
from registry.services.packages.reading import Reading
from registry.services.packages.retrieval import DownloadLog, Retrieval
from registry.services.ratings.badges import Badges
from registry.services.ratings.receipt_signing import ReceiptSigning
from registry.services.uploads.admission import Admission
from registry.services.uploads.completing import Completing
from registry.services.uploads.quotas import QuotaRules, Quotas
from registry.services.uploads.uploads import UploadRules, Uploads
from registry.settings import Settings

_AUDIT_PURPOSE = "registry audit log v1"
_RECEIPT_PURPOSE = "registry rating receipts v1"
_COMPLETE_WAIT_SECONDS = 25.0
"""Below the half minute or minute after which proxies give up on a silent answer."""


@dataclass(frozen=True, slots=True)
class Running:
    """An open registry."""

    services: Services
    bootstrap: Bootstrap
    attempts: AttemptCounter


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What services need besides stores, and what is reported to whom."""

    search: Search
    outbound: Outbound
    edge: EdgeCache | None
    traced: TracedJob
    rating: RatingCollaborators
    hasher: PasswordHasher
    clock: Clock
    ids: IdSource
    keep_parsers_ready: Callable[[], Coroutine[Any, Any, None]]
    housekeeping: HousekeepingObserver | None
    on_state: Callable[[ComponentState], None]


def assemble(settings: Settings, stores: Stores, around: Collaborators) -> Running:
    """Every service, each with what it needs and nothing else."""
    kept, clock, ids = secrets_of(settings), around.clock, around.ids
    records, blobs = announced(stores.records, around.search.service), stores.bytes.blobs
    accounts = assemble_accounts(settings, stores, records, around.hasher, kept, clock=clock, ids=ids)
    audit = AuditWriter(clock, ids)
    archives = ArchiveReader(blobs, around.rating.sandbox, limits=ArchiveLimits(seconds=settings.archive_seconds))
    quotas = Quotas(
        records.usage,
        records.uploads,
        QuotaRules(settings.max_package_bytes, settings.max_user_bytes, settings.max_open_uploads),
    )
    files = assemble_files(settings, records, blobs, clock=clock, ids=ids, sandbox=around.rating.sandbox)
    intake = Intake(blobs, archives, quotas, forget=files.derived.forget)
    private = PrivateNames(records.names)
    access = Access(records.names, private)
    owners = AccountNames(records.accounts)
    names = Names(records.names, records.packages, owners, private, audit=audit, clock=clock, ids=ids)
    drafts = Drafts(records.packages, intake, audit=audit, clock=clock, lifetime_seconds=settings.draft_seconds)
    catalog = Catalog(records.packages, records.audit, access)
    safety = assemble_safety(
        settings,
        records,
        blobs,
        catalog=catalog,
        audit=audit,
        clock=clock,
        ids=ids,
        rating_jobs=around.rating.jobs.queue,
        sandbox=around.rating.sandbox,
        list_files=files.manifests.expect,
        traced=around.traced,
    )
    receipts = ReceiptSigning(
        Ed25519Signer(kept.receipt_key, purpose=_RECEIPT_PURPOSE),
        retired=[*read_keys(settings.receipt_keys_retired).values()] if settings.receipt_keys_retired else (),
    )
    rating = assemble_rating(
        settings,
        RatingStores(records.ratings, records.packages, blobs),
        around.rating,
        receipts=receipts,
        safety=safety,
        catalog=catalog,
        audit=audit,
        clock=clock,
        ids=ids,
    )
    namespaces = Namespaces(records.names, records.packages, owners, private)
    publishing = Publishing(
        records.packages,
        records.names,
        namespaces,
        access,
        intake,
        idempotency=records.idempotency,
        source_urls=records.source_urls,
        audit=audit,
        clock=clock,
        ids=ids,
        idempotency_seconds=settings.idempotency_seconds,
    )
    uploads = Uploads(
        records.uploads,
        stores.bytes.parts,
        publishing,
        Completing(records.uploads, stores.bytes.parts, publishing, intake, wait_seconds=_COMPLETE_WAIT_SECONDS),
        quotas,
        idempotency=records.idempotency,
        clock=clock,
        ids=ids,
        rules=UploadRules(settings.upload_seconds, settings.upload_part_bytes, settings.idempotency_seconds),
    )
    policy = assemble_policy(settings, records, clock=clock)
    retrieval = Retrieval(
        catalog,
        blobs,
        DownloadLog(records.audit, records.downloads, audit),
        safety=safety.verdicts,
        policy=policy.serving,
    )

    ingest = Ingest(
        records.packages,
        intake,
        around.outbound.fetcher,
        leases=IngestLeases(
            records.packages,
            records.accounts,
            records.source_urls,
            audit=audit,
            clock=clock,
            ids=ids,
            lease_seconds=settings.ingest_lease_seconds,
        ),
        clock=clock,
        lease_seconds=settings.ingest_lease_seconds,
        limits=IngestLimits(settings.ingest_seconds, settings.ingest_concurrent, settings.ingest_concurrent_per_user),
        gate=rating.gate,
    )
    popularity = Popularity(
        PopularityStores(records.downloads, records.packages, records.names, records.ratings, records.upgrades),
        clock=clock,
        ids=ids,
        refresh_seconds=settings.downloads_refresh_seconds,
    )
    edge = assemble_edge(around.edge, records, clock=clock)
    webhooks = assemble_webhooks(settings, records, around.outbound.sender, edge=edge, clock=clock, ids=ids)
    services = Services(
        sessions=accounts.sessions,
        reading=Reading(accounts.sessions, records.reader, records.packages),
        accounts=accounts.accounts,
        access=access,
        names=names,
        namespaces=namespaces,
        releases=Releases(records.releases, records.packages, names, access, drafts, audit=audit, clock=clock, ids=ids),
        api_tokens=accounts.api_tokens,
        token_use=accounts.token_use,
        catalog=catalog,
        popularity=popularity,
        policy_replay=policy.replay,
        publishing=publishing,
        changing=Changing(records.packages, intake, access, audit=audit, clock=clock),
        retrieval=retrieval,
        maintenance=Maintenance(
            records.maintenance,
            blobs,
            derived=files.derived,
            uploads=uploads,
            releases=records.releases,
            drafts=drafts,
            bootstrap=accounts.bootstrap,
            clock=clock,
            regular=RegularWork(records.upgrades, clock=clock, ids=ids),
            kept=None if around.search.snapshots is None else around.search.snapshots.blob_keys,
            observer=around.housekeeping,
        ),
        load_tests=LoadTests(records.upgrades, clock, most_seconds=settings.load_test_seconds),
        health=HealthMonitor(
            records.health_log, clock, _probes(settings, stores, around.search), on_state=around.on_state
        ),
        ingest=ingest,
        webhooks=webhooks.webhooks,
        deliveries=webhooks.deliveries,
        edge=edge,
        files=files.files,
        hub=assemble_hub(
            settings,
            stores,
            records,
            contents=files.files,
            catalog=catalog,
            retrieval=retrieval,
            ratings=rating.ratings,
            access=access,
            search=around.search.service,
            popularity=popularity,
            sandbox=around.rating.sandbox,
            pull_through=pulling(
                settings,
                records,
                around.outbound.hub_commits,
                hasher=around.hasher,
                clock=clock,
                publishing=publishing,
                ingest=ingest,
            ),
        ),
        uploads=uploads,
        admission=Admission(
            total_bytes=UploadMemory.of(settings).bodies_bytes, wait_seconds=settings.upload_wait_seconds
        ),
        global_audit=GlobalAudit(
            records.audit_log, records.audit, Ed25519Signer(kept.audit_key, purpose=_AUDIT_PURPOSE), verify
        ),
        cursors=CursorCodec(kept.signing_key.encode()),
        ratings=rating.ratings,
        receipts=receipts,
        license_checks=rating.license_checks,
        badges=Badges(names, rating.ratings),
        verdicts=safety.verdicts,
        refreshing=safety.refreshing,
        scan_in_background=safety.serve,
        scan_as_worker=safety.work,
        list_files_in_background=files.run,
        rate_in_background=lambda: around.rating.jobs.serve(rating.work),
        rate_as_worker=lambda: around.rating.jobs.work(rating.work),
        search=around.search.service,
        index_follower=around.search.follower,
        index_snapshots=around.search.snapshots,
        keep_parsers_ready=around.keep_parsers_ready,
    )
    return Running(services, accounts.bootstrap, stores.shared.attempts)


def _probes(settings: Settings, stores: Stores, search: Search) -> dict[str, Probe]:
    probes = {
        "records": Probe(stores.records.maintenance.ping, watched=True),
        "blobs": Probe(stores.bytes.blobs.ping, watched=True),
        "search": Probe(search.service.check, optional=True, loads=True, wait_seconds=settings.search_ready_seconds),
    }
    return probes if stores.shared.probe is None else {**probes, "cache": stores.shared.probe}
