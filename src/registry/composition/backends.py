"""What a storage backend gives: the ports, by what is kept together."""

from dataclasses import dataclass

from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.audit import AuditStore
from registry.ports.audit_log import AuditLog
from registry.ports.blobs import BlobStore
from registry.ports.cache import RatingCache
from registry.ports.changes import ChangeFeed
from registry.ports.derived import DerivedStore
from registry.ports.downloads import DownloadStore
from registry.ports.health import HealthLog
from registry.ports.idempotency import IdempotencyStore
from registry.ports.maintenance import RecordMaintenance, UpgradeStore
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.ports.parts import PartStore
from registry.ports.ratings import RatingStore
from registry.ports.reading import DocumentReader
from registry.ports.releases import ReleaseStore
from registry.ports.source_urls import SourceUrlStore
from registry.ports.throttle import AttemptCounter
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore
from registry.ports.verdicts import ScanRequestStore, VerdictStore
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from registry.services.health.health import Probe


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept in one record store."""

    packages: PackageStore
    names: NameStore
    downloads: DownloadStore
    releases: ReleaseStore
    changes: ChangeFeed
    accounts: AccountStore
    api_tokens: ApiTokenStore
    reader: DocumentReader
    audit: AuditStore
    audit_log: AuditLog
    idempotency: IdempotencyStore
    uploads: UploadStore
    usage: UsageStore
    source_urls: SourceUrlStore
    ratings: RatingStore
    verdicts: VerdictStore
    scan_requests: ScanRequestStore
    derived: DerivedStore
    webhooks: WebhookStore
    outbox: DeliveryOutbox
    health_log: HealthLog
    maintenance: RecordMaintenance
    upgrades: UpgradeStore


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is kept in one byte store."""

    blobs: BlobStore
    parts: PartStore


@dataclass(frozen=True, slots=True)
class Shared:
    """What processes share for a while. `probe` is None where nothing of it can be down by itself."""

    attempts: AttemptCounter
    ratings: RatingCache
    probe: Probe | None


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of a registry. Every call of theirs is reported to the observer exactly once."""

    records: Records
    bytes: Bytes
    shared: Shared
