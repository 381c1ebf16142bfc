"""What is read quickly is what botocore reads."""

from typing import Any

import pytest

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.parsing import read_items_quickly
from tests.engines.tables import SESSION

ITEM: keys.Item = {
    **keys.key("P#1", "record"),
    "text": {"S": "ü\u2028\x00"},
    "number": {"N": "-1.5"},
    "bytes": {"B": bytes(range(256))},
    "nothing": {"B": b""},
    "flag": {"BOOL": False},
    "list": {"L": [{"S": "B"}, {"N": "7"}]},
}
KEY = keys.key_of(ITEM)
ABSENT = keys.key("P#1", "absent")
PARTITION: dict[str, Any] = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "P#1"}},
    "Limit": 1,
}


@pytest.mark.parametrize(
    ("operation", "request_of"),
    [
        ("get_item", lambda name: {"TableName": name, "Key": KEY}),
        ("get_item", lambda name: {"TableName": name, "Key": ABSENT}),
        ("query", lambda name: {"TableName": name, **PARTITION}),
        ("query", lambda name: {"TableName": name, **PARTITION, "Select": "COUNT"}),
        ("batch_get_item", lambda name: {"RequestItems": {name: {"Keys": [KEY, ABSENT]}}}),
    ],
)
async def test_answers_are_those_of_botocores_parser(
    table: DynamoTable, dynamodb_endpoint: str, operation: str, request_of: Any
) -> None:
    await table.batch_write([{"PutRequest": {"Item": ITEM}}])
    request = request_of(table.name)
    async with SESSION.client("dynamodb", endpoint_url=dynamodb_endpoint) as plain:
        expected = await getattr(plain, operation)(**request)
        read_items_quickly(plain)

        found = await getattr(plain, operation)(**request)

    del expected["ResponseMetadata"], found["ResponseMetadata"]
    assert found == expected


async def test_errors_are_botocores(table: DynamoTable) -> None:
    with pytest.raises(table.client.exceptions.ResourceNotFoundException):
        await table.client.get_item(TableName="nowhere", Key=KEY)
