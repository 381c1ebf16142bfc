"""What a backend of records gives to the conformance suites.

An adapter's test module defines a fixture `backend` that returns a `RecordBackend` without records, and subclasses all
the contracts at once: `class TestRecords(RecordSuites): pass`.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.audit import AuditStore
from registry.ports.audit_log import AuditLog
from registry.ports.changes import ChangeFeed
from registry.ports.derived import DerivedStore
from registry.ports.downloads import DownloadStore
from registry.ports.health import HealthLog
from registry.ports.idempotency import IdempotencyStore
from registry.ports.maintenance import RecordMaintenance, UpgradeStore
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingStore
from registry.ports.reading import DocumentReader
from registry.ports.releases import ReleaseStore
from registry.ports.verdicts import ScanRequestStore, VerdictStore
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from tests.factories import ManualClock


@dataclass(frozen=True, slots=True)
class Records:
    """The record ports as one process has them."""

    packages: PackageStore
    accounts: AccountStore
    api_tokens: ApiTokenStore
    reader: DocumentReader
    audit: AuditStore
    audit_log: AuditLog
    idempotency: IdempotencyStore
    maintenance: RecordMaintenance
    upgrades: UpgradeStore
    health: HealthLog
    changes: ChangeFeed
    ratings: RatingStore
    verdicts: VerdictStore
    scan_requests: ScanRequestStore
    webhooks: WebhookStore
    outbox: DeliveryOutbox
    derived: DerivedStore
    names: NameStore
    downloads: DownloadStore
    releases: ReleaseStore


class RecordBackend(Protocol):
    """One set of records, and the clock that all who open it go by."""

    @property
    def clock(self) -> ManualClock: ...

    def open(self) -> AbstractAsyncContextManager[Records]:
        """Open the records as one more process would, in the event loop that is running."""
