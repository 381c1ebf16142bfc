"""Fresh tables in a DynamoDB Local, and a count of the calls that go to it."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aioboto3

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import DynamoLimits, open_table
from registry.adapters.dynamodb.table import create_table
from registry.adapters.engine_calls import ignore_call

SESSION = aioboto3.Session(
    aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1"
)  # DynamoDB Local takes any

PATIENT = DynamoLimits(connect_seconds=30, read_seconds=30, deadline_seconds=60)
"""For tests of anything but time-outs: a busy machine, or a Java that has just begun, is no failure."""


class CallCounter(Counter[str]):
    """Counts the calls to the engine by operation."""

    def __call__(self, operation: str, seconds: float, error: Exception | None) -> None:
        self[operation] += 1


async def delete_table(endpoint_url: str, name: str) -> None:
    """Delete a table, which the registry itself never does."""
    async with SESSION.client("dynamodb", endpoint_url=endpoint_url) as client:
        await client.delete_table(TableName=name)


@asynccontextmanager
async def fresh_table(
    endpoint_url: str, *, on_call: CallCounter | None = None, ttl: bool = False, direct: bool = True
) -> AsyncIterator[DynamoTable]:
    """An empty table, gone afterwards. Without TTL, which would go by the real time and not by a test's clock."""
    name = f"registry-{uuid.uuid4().hex}"
    async with open_table(
        name,
        endpoint_url=endpoint_url,
        session=SESSION,
        on_call=ignore_call if on_call is None else on_call,
        limits=PATIENT,
        direct=direct,
    ) as table:
        await create_table(table, ttl=ttl)
        try:
            yield table
        finally:
            await delete_table(endpoint_url, name)
