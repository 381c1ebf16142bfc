"""The conformance suites over the scaled home of the records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.answers import DynamoAnswerStore
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.client import open_table
from registry.adapters.dynamodb.deliveries import DynamoDeliveryOutbox
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.ratings import DynamoRatingStore
from registry.adapters.dynamodb.webhooks import DynamoWebhookStore
from tests.conformance.account_store import AccountStoreContract
from tests.conformance.answer_store import AnswerStoreContract
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
from tests.engines.tables import PATIENT, SESSION, fresh_table
from tests.factories import ManualClock


class DynamoHome:
    """A table."""

    def __init__(self, table_name: str, endpoint_url: str) -> None:
        self._table_name = table_name
        self._endpoint_url = endpoint_url
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Records]:
        async with open_table(
            self._table_name, endpoint_url=self._endpoint_url, session=SESSION, limits=PATIENT
        ) as table:
            yield Records(
                packages=DynamoPackageStore(table, clock=self.clock),
                accounts=DynamoAccountStore(table),
                audit=DynamoAuditStore(table),
                answers=DynamoAnswerStore(table, clock=self.clock),
                maintenance=DynamoRecordMaintenance(table, clock=self.clock),
                health=DynamoHealthLog(table),
                changes=DynamoChangeFeed(table, clock=self.clock),
                ratings=DynamoRatingStore(table),
                webhooks=DynamoWebhookStore(table, self.clock),
                outbox=DynamoDeliveryOutbox(table, self.clock),
            )


@pytest.fixture
async def home(dynamodb_endpoint: str) -> AsyncIterator[DynamoHome]:
    async with fresh_table(dynamodb_endpoint) as table:
        yield DynamoHome(table.name, dynamodb_endpoint)


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
