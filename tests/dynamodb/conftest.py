"""A fresh table for each test, and the stores on it."""

from collections.abc import AsyncIterator

import pytest

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.domain.listing import PackageFilter
from tests.engines.tables import CallCounter, fresh_table
from tests.factories import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def calls() -> CallCounter:
    return CallCounter()


@pytest.fixture
def direct() -> bool:
    """Whether the table is called directly. Modules about calls themselves run over both clients."""
    return True


@pytest.fixture
async def table(
    dynamodb_endpoint: str, calls: CallCounter, clock: ManualClock, *, direct: bool
) -> AsyncIterator[DynamoTable]:
    async with fresh_table(dynamodb_endpoint, on_call=calls, direct=direct) as table:
        table.now = clock.now
        calls.clear()
        yield table


@pytest.fixture
async def packages(table: DynamoTable, clock: ManualClock, calls: CallCounter) -> DynamoPackageStore:
    """The store, which has seen that the table's names have owners and all packages entries: it looks once."""
    store = DynamoPackageStore(table, clock=clock)
    await store.names.check_migrated()
    await store.list_page(PackageFilter(), limit=1, after=None)
    calls.clear()
    return store
