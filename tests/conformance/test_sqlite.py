"""The conformance suites over the embedded home."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

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
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from tests.conformance.account_store import AccountStoreContract
from tests.conformance.answer_store import AnswerStoreContract
from tests.conformance.attempt_counter import AttemptCounterContract
from tests.conformance.audit_store import AuditStoreContract
from tests.conformance.change_feed import ChangeFeedContract
from tests.conformance.delivery_outbox import DeliveryOutboxContract
from tests.conformance.delivery_replay import DeliveryReplayContract
from tests.conformance.health_log import HealthLogContract
from tests.conformance.maintenance import RecordMaintenanceContract
from tests.conformance.package_listing import PackageListingContract
from tests.conformance.package_machine import PackageMachineContract
from tests.conformance.package_races import PackageRacesContract
from tests.conformance.package_store import PackageStoreContract
from tests.conformance.rating_store import RatingStoreContract
from tests.conformance.records import Records
from tests.conformance.webhook_store import WebhookStoreContract
from tests.factories import ManualClock


class SqliteHome:
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
                audit=SqliteAuditStore(database),
                answers=SqliteAnswerStore(database, self.clock),
                maintenance=SqliteRecordMaintenance(database),
                health=SqliteHealthLog(database),
                changes=SqliteChangeFeed(database),
                ratings=SqliteRatingStore(database),
                webhooks=SqliteWebhookStore(database, self.clock),
                outbox=SqliteDeliveryOutbox(database, self.clock),
            )
        finally:
            await database.close()


class SqliteCounterHome:
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
def counter_home(tmp_path: Path) -> SqliteCounterHome:
    return SqliteCounterHome(tmp_path)


@pytest.fixture
def home(tmp_path: Path) -> SqliteHome:
    return SqliteHome(tmp_path)


class TestPackageStore(PackageStoreContract):
    pass


class TestPackageListing(PackageListingContract):
    pass


class TestPackageRaces(PackageRacesContract):
    pass


class TestPackageMachine(PackageMachineContract):
    pass


class TestAccountStore(AccountStoreContract):
    pass


class TestAuditStore(AuditStoreContract):
    pass


class TestAnswerStore(AnswerStoreContract):
    pass


class TestAttemptCounter(AttemptCounterContract):
    pass


class TestHealthLog(HealthLogContract):
    pass


class TestRecordMaintenance(RecordMaintenanceContract):
    pass


class TestChangeFeed(ChangeFeedContract):
    pass


class TestRatingStore(RatingStoreContract):
    pass


class TestWebhookStore(WebhookStoreContract):
    pass


class TestDeliveryOutbox(DeliveryOutboxContract):
    pass


class TestDeliveryReplay(DeliveryReplayContract):
    pass
