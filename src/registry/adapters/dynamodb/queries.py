"""The requests of DynamoDB's Query, by what is to be read."""

from typing import TYPE_CHECKING, Any

from registry.adapters.dynamodb.keys import STATUS_INDEX

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import QueryInputTypeDef


def partition_query(
    table: str,
    partition: str,
    *,
    after: str | None,
    to: str | None,
    limit: int | None,
    newest_first: bool,
    index: bool,
    consistent: bool,
) -> "QueryInputTypeDef":
    """A partition's items in the order of their sort key, after `after`; with `index` from the status index.

    With `to`, from `after` up to it, both included.
    """
    pk, sk = ("status_shard", "id") if index else ("pk", "sk")
    request: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": pk},
        "ExpressionAttributeValues": {":pk": {"S": partition}},
        "ScanIndexForward": not newest_first,
    }
    if after is not None:
        request["KeyConditionExpression"] = f"#pk = :pk AND #sk {'<' if newest_first else '>'} :after"
        request["ExpressionAttributeNames"] = {"#pk": pk, "#sk": sk}
        values: dict[str, Any] = {":pk": {"S": partition}, ":after": {"S": after}}
        if to is not None:
            request["KeyConditionExpression"] = "#pk = :pk AND #sk BETWEEN :after AND :to"
            values[":to"] = {"S": to}
        request["ExpressionAttributeValues"] = values
    if limit is not None:
        request["Limit"] = limit
    if index:
        request["IndexName"] = STATUS_INDEX
    elif consistent:
        request["ConsistentRead"] = True
    return request


def listing_query(
    table: str,
    index: str,
    partition: str,
    *,
    sort_key: str,
    descending: bool,
    after: str | None,
    lowest: str | None,
    limit: int,
) -> "QueryInputTypeDef":
    """A listing's entries in the order of an index, from `after` on (it may be in the answer), none below `lowest`."""
    request: QueryInputTypeDef = {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": "pk = :pk",
        "ScanIndexForward": not descending,
        "Limit": limit,
    }
    values: dict[str, str] = {}
    if after is not None and lowest is not None:
        request["KeyConditionExpression"] = f"pk = :pk AND {sort_key} BETWEEN :lowest AND :after"
        request["Limit"] = limit + 1
        values = {":lowest": lowest, ":after": after}
    elif after is not None:
        request["KeyConditionExpression"] = f"pk = :pk AND {sort_key} {'<' if descending else '>'} :after"
        values = {":after": after}
    elif lowest is not None:
        request["KeyConditionExpression"] = f"pk = :pk AND {sort_key} >= :lowest"
        values = {":lowest": lowest}
    request["ExpressionAttributeValues"] = {
        ":pk": {"S": partition},
        **{name: {"S": value} for name, value in values.items()},
    }
    return request
