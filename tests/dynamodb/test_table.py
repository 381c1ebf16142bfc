"""Making and checking the table."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.table import check_table, create_table
from tests.engines.tables import SESSION, CallCounter, fresh_table
from tests.factories import ManualClock


@pytest.fixture
async def no_table(dynamodb_endpoint: str) -> AsyncIterator[DynamoTable]:
    """A name that no table has yet."""
    name = f"registry-{uuid.uuid4().hex}"
    async with open_table(name, endpoint_url=dynamodb_endpoint, session=SESSION) as table:
        yield table


async def test_a_made_table_passes_the_check_and_is_made_once(no_table: DynamoTable) -> None:
    assert await check_table(no_table) == [f"table {no_table.name}: there is none; `registry tables create` makes it"]

    assert await create_table(no_table)
    assert await check_table(no_table) == []
    assert not await create_table(no_table)
    assert await check_table(no_table) == []


async def test_missing_ttl_is_told_and_completed(no_table: DynamoTable) -> None:
    await create_table(no_table, ttl=False)
    assert await check_table(no_table) == ["TTL: is off, must be on for the attribute expires_at"]

    await create_table(no_table)

    assert await check_table(no_table) == []


async def test_every_difference_has_a_line(no_table: DynamoTable) -> None:
    key: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index: Any = {
        "IndexName": "GSI-Status-Created",
        "KeySchema": [{"AttributeName": "status_shard", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    await no_table.client.create_table(
        TableName=no_table.name,
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "status_shard", "AttributeType": "S"},
        ],
        KeySchema=key,
        GlobalSecondaryIndexes=[index],
    )

    assert await check_table(no_table) == [
        f"table {no_table.name}: is billed as PROVISIONED, must be PAY_PER_REQUEST (on demand)",
        "attribute sk: has the type N, must be S",
        "index GSI-Status-Created: has the key status_shard (HASH), must be status_shard (HASH), id (RANGE)",
        "index GSI-Status-Created: does not project owner, type, version",
        "index GSI-Listing-Name: there is none",
        "index GSI-Listing-Score: there is none",
        "TTL: is off, must be on for the attribute expires_at",
    ]


async def test_a_missing_index_is_told(no_table: DynamoTable) -> None:
    key: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    attributes: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    await no_table.client.create_table(
        TableName=no_table.name, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=attributes, KeySchema=key
    )

    assert "index GSI-Status-Created: there is none" in await check_table(no_table)


async def test_where_the_engine_expires_items_no_sweep_scans(dynamodb_endpoint: str, clock: ManualClock) -> None:
    calls = CallCounter()
    async with fresh_table(dynamodb_endpoint, on_call=calls, ttl=True) as table:
        assert await DynamoRecordMaintenance(table, clock=clock).purge_expired(clock.now()) == 0

    assert calls["Scan"] == 0
