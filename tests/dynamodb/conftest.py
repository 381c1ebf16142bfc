"""A fresh table for each test, and the stores on it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.packages import DynamoPackageStore
from tests.engines.tables import CallCounter, fresh_table


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 15, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **units: float) -> None:
        self.at += timedelta(**units)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def calls() -> CallCounter:
    return CallCounter()


@pytest.fixture
async def table(dynamodb_endpoint: str, calls: CallCounter) -> AsyncIterator[DynamoTable]:
    async with fresh_table(dynamodb_endpoint, on_call=calls) as table:
        calls.clear()
        yield table


@pytest.fixture
def packages(table: DynamoTable, clock: HandClock) -> DynamoPackageStore:
    return DynamoPackageStore(table, clock=clock)
