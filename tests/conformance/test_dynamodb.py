"""The conformance suites over the scaled home: records in DynamoDB, counts of attempts in Redis."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.conformance.account_store import AccountStoreContract
from tests.conformance.answer_store import AnswerStoreContract
from tests.conformance.attempt_counter import AttemptCounterContract
from tests.conformance.audit_store import AuditStoreContract
from tests.conformance.change_feed import ChangeFeedContract
from tests.conformance.health_log import HealthLogContract
from tests.conformance.maintenance import RecordMaintenanceContract
from tests.conformance.package_listing import PackageListingContract
from tests.conformance.package_machine import PackageMachineContract
from tests.conformance.package_races import PackageRacesContract
from tests.conformance.package_store import PackageStoreContract
from tests.conformance.records import Records
from tests.engines.tables import PATIENT, SESSION, fresh_table
from tests.factories import ManualClock

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.answers import DynamoAnswerStore
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.client import open_table
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.redis.attempts import RedisAttemptCounter
from registry.adapters.redis.connection import RedisLimits, open_redis


class ScaledHome:
    """A table in DynamoDB and a prefix of keys in Redis."""

    def __init__(self, table_name: str, *, dynamodb_endpoint: str, redis_url: str) -> None:
        self._table_name = table_name
        self._dynamodb_endpoint = dynamodb_endpoint
        self._redis_url = redis_url
        self._prefix = uuid.uuid4().hex
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Records]:
        async with (
            open_table(
                self._table_name, endpoint_url=self._dynamodb_endpoint, session=SESSION, limits=PATIENT
            ) as table,
            open_redis(self._redis_url, limits=RedisLimits(connect_seconds=30, call_seconds=30)) as redis,
        ):
            yield Records(
                packages=DynamoPackageStore(table, clock=self.clock),
                accounts=DynamoAccountStore(table),
                audit=DynamoAuditStore(table),
                answers=DynamoAnswerStore(table, clock=self.clock),
                attempts=RedisAttemptCounter(redis, clock=self.clock, prefix=self._prefix),
                maintenance=DynamoRecordMaintenance(table, clock=self.clock),
                health=DynamoHealthLog(table),
                changes=DynamoChangeFeed(table, clock=self.clock),
            )


@pytest.fixture
async def home(dynamodb_endpoint: str, redis_url: str) -> AsyncIterator[ScaledHome]:
    async with fresh_table(dynamodb_endpoint) as table:
        yield ScaledHome(table.name, dynamodb_endpoint=dynamodb_endpoint, redis_url=redis_url)


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
