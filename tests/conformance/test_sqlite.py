"""The conformance suites over the embedded backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.api_tokens import SqliteApiTokenStore
from registry.adapters.sqlite.audit import SqliteAuditStore
from registry.adapters.sqlite.audit_log import SqliteAuditLog
from registry.adapters.sqlite.changes import SqliteChangeFeed
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.derived import SqliteDerivedStore
from registry.adapters.sqlite.downloads import SqliteDownloadStore
from registry.adapters.sqlite.health import SqliteHealthLog
from registry.adapters.sqlite.idempotency import SqliteIdempotencyStore
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.names import SqliteNameStore
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.ratings import SqliteRatingStore
from registry.adapters.sqlite.reading import SqliteDocumentReader
from registry.adapters.sqlite.releases import SqliteReleaseStore
from registry.adapters.sqlite.scan_requests import SqliteScanRequestStore
from registry.adapters.sqlite.schema import THROTTLE
from registry.adapters.sqlite.throttle import SqliteAttemptCounter
from registry.adapters.sqlite.upgrades import SqliteUpgradeStore
from registry.adapters.sqlite.verdicts import SqliteVerdictStore
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from tests.conformance.attempt_counter import AttemptCounterContract
from tests.conformance.record_suites import RecordSuites
from tests.conformance.records import Records
from tests.factories import ManualClock


class SqliteBackend:
    """A data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Records]:
        database = await SqliteDatabase.open(self._folder / "registry.db")
        try:
            yield Records(
                packages=SqlitePackageStore(database, self.clock),
                accounts=SqliteAccountStore(database),
                api_tokens=SqliteApiTokenStore(database),
                reader=SqliteDocumentReader(database),
                audit=SqliteAuditStore(database),
                audit_log=SqliteAuditLog(database),
                idempotency=SqliteIdempotencyStore(database, self.clock),
                upgrades=SqliteUpgradeStore(database),
                maintenance=SqliteRecordMaintenance(database),
                health=SqliteHealthLog(database),
                changes=SqliteChangeFeed(database),
                ratings=SqliteRatingStore(database),
                verdicts=SqliteVerdictStore(database),
                scan_requests=SqliteScanRequestStore(database),
                webhooks=SqliteWebhookStore(database, self.clock),
                outbox=SqliteDeliveryOutbox(database, self.clock),
                derived=SqliteDerivedStore(database),
                names=SqliteNameStore(database, self.clock),
                downloads=SqliteDownloadStore(database),
                releases=SqliteReleaseStore(database, self.clock),
            )
        finally:
            await database.close()


class SqliteCounterBackend:
    """The data folder's second file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SqliteAttemptCounter]:
        database = await SqliteDatabase.open(self._folder / "throttle.db", migrations=THROTTLE, durable=False)
        try:
            yield SqliteAttemptCounter(database, self.clock)
        finally:
            await database.close()


@pytest.fixture
def counter_home(tmp_path: Path) -> SqliteCounterBackend:
    return SqliteCounterBackend(tmp_path)


@pytest.fixture
def backend(tmp_path: Path) -> SqliteBackend:
    return SqliteBackend(tmp_path)


class TestAttemptCounter(AttemptCounterContract):
    pass


class TestRecords(RecordSuites):
    pass
