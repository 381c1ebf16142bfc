"""Making the table, and checking whether one is as it must be. For `registry tables create|check`."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import TableMissing
from registry.adapters.dynamodb.keys import STATUS_INDEX, TTL_ATTRIBUTE
from registry.adapters.dynamodb.listing_keys import LISTED, NAME_INDEX, SCORE_INDEX
from registry.adapters.dynamodb.name_keys import MIGRATED
from registry.domain.errors import Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import CreateTableInputTypeDef

_INDEXES = {
    STATUS_INDEX: ("status_shard", "id", ["type", "owner", "version"]),
    NAME_INDEX: ("pk", "name_place", ["type", "owner", "version", "name", "tags", "score"]),
    SCORE_INDEX: ("pk", "score_place", ["type", "owner", "version", "name", "tags", "score"]),
}
"""By name: partition key, sort key, and what else an index has."""
_ACTIVE_SECONDS = 120


def _definition(name: str) -> "CreateTableInputTypeDef":
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(*_INDEXES),
        "KeySchema": _key_schema("pk", "sk"),
        "GlobalSecondaryIndexes": [_index_definition(index) for index in _INDEXES],
    }


def _index_definition(name: str) -> Any:
    partition, sort, attributes = _INDEXES[name]
    return {
        "IndexName": name,
        "KeySchema": _key_schema(partition, sort),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes},
    }


def _attributes(*indexes: str) -> Any:
    """The attributes that the table's key and these indexes are made of."""
    names = dict.fromkeys(("pk", "sk", *(key for index in indexes for key in _INDEXES[index][:2])))
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def _key_schema(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


async def create_table(table: DynamoTable, *, ttl: bool = True) -> bool:
    """Make the table with its index and TTL and wait until it serves; False where it was there already.

    Without `ttl` (for engines that have none) the sweep drops what has expired.

    A table that is there is completed (indexes, TTL), never rebuilt: `check_table` says what is different. The index of
    a large table takes longer to fill than this waits.
    """
    created = True
    try:
        await table.call("CreateTable", partial(table.client.create_table, **_definition(table.name)))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
        created = False
    await _until_active(table)
    for index in await missing_indexes(table):
        await _add_index(table, index)
        await _until_active(table)
    if ttl and await ttl_attribute(table) is None:
        specification: Any = {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        await table.call(
            "UpdateTimeToLive",
            partial(table.client.update_time_to_live, TableName=table.name, TimeToLiveSpecification=specification),
        )
    if created:
        await table.transact([table.put(MIGRATED), table.put(LISTED)])
    return created


async def missing_indexes(table: DynamoTable) -> list[str]:
    """The indexes that are not there, or not filled yet."""
    found = (await _describe(table) or {}).get("GlobalSecondaryIndexes", [])
    ready = {index["IndexName"] for index in found if index["IndexStatus"] == "ACTIVE"}
    return [name for name in _INDEXES if name not in ready]


async def _until_active(table: DynamoTable) -> None:
    """Wait until the table and all its indexes serve. Raises Unavailable after some minutes."""
    for _ in range(_ACTIVE_SECONDS):
        found = await _describe(table) or {}
        indexes = found.get("GlobalSecondaryIndexes", [])
        if found.get("TableStatus") == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE" for index in indexes):
            return
        await asyncio.sleep(1)
    raise Unavailable(f"The table {table.name} is still being made; check it in a minute.", retry_after_seconds=60)


async def _add_index(table: DynamoTable, name: str) -> None:
    # DynamoDB makes one index at a time, and fills it from the items that are there.
    await table.call(
        "UpdateTable",
        partial(
            table.client.update_table,
            TableName=table.name,
            AttributeDefinitions=_attributes(name),
            GlobalSecondaryIndexUpdates=[{"Create": _index_definition(name)}],
        ),
    )


async def check_table(table: DynamoTable) -> list[str]:
    """What is different from what the registry needs, a line each; empty when nothing is."""
    found = await _describe(table)
    if found is None:
        return [f"table {table.name}: there is none; `registry tables create` makes it"]
    differences = list(_differences(found, cast("Mapping[str, Any]", _definition(table.name))))
    ttl = await ttl_attribute(table)
    if ttl != TTL_ATTRIBUTE:
        differences.append(f"TTL: is {ttl or 'off'}, must be on for the attribute {TTL_ATTRIBUTE}")
    return differences


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    name = wanted["TableName"]
    if found["TableStatus"] != "ACTIVE":
        yield f"table {name}: is {found['TableStatus']}, must be ACTIVE"
    billing = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if billing != wanted["BillingMode"]:
        yield f"table {name}: is billed as {billing}, must be {wanted['BillingMode']} (on demand)"
    yield from _key_differences(f"table {name}", found, wanted)
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in found["AttributeDefinitions"]}
    for entry in wanted["AttributeDefinitions"]:
        kind = types.get(entry["AttributeName"], "S")
        if kind != "S":
            yield f"attribute {entry['AttributeName']}: has the type {kind}, must be S"
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    for index in wanted["GlobalSecondaryIndexes"]:
        there = indexes.get(index["IndexName"])
        if there is None:
            yield f"index {index['IndexName']}: there is none"
        else:
            yield from _index_differences(there, index)


def _index_differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    name = f"index {wanted['IndexName']}"
    if found["IndexStatus"] != "ACTIVE":
        yield f"{name}: is {found['IndexStatus']}, must be ACTIVE"
    yield from _key_differences(name, found, wanted)
    projection = found["Projection"]
    missing = set(wanted["Projection"]["NonKeyAttributes"]) - set(projection.get("NonKeyAttributes", []))
    if projection["ProjectionType"] != "ALL" and missing:
        yield f"{name}: does not project {', '.join(sorted(missing))}"


def _key_differences(name: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    def keys(description: Mapping[str, Any]) -> str:
        return ", ".join(f"{entry['AttributeName']} ({entry['KeyType']})" for entry in description["KeySchema"])

    if keys(found) != keys(wanted):
        yield f"{name}: has the key {keys(found)}, must be {keys(wanted)}"


async def _describe(table: DynamoTable) -> Mapping[str, Any] | None:
    try:
        answer = await table.call("DescribeTable", partial(table.client.describe_table, TableName=table.name))
    except TableMissing:
        return None
    return cast("Mapping[str, Any]", answer["Table"])


async def ttl_attribute(table: DynamoTable) -> str | None:
    """The attribute that TTL goes by, None where TTL is off."""
    answer = await table.call("DescribeTimeToLive", partial(table.client.describe_time_to_live, TableName=table.name))
    description = answer["TimeToLiveDescription"]
    return description.get("AttributeName") if description["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None
