"""Reading the answers that bring items, in place of botocore's parser.

That one walks the ten possible members of every attribute's value, which is half of what a page of packages costs. The
JSON has the form that the stores work on already; bytes alone are written in base64.
"""

from binascii import a2b_base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from registry.adapters.botocore_internals import ResponseParserError, parse_answers

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ITEM_CALLS = ("GetItem", "Query", "BatchGetItem")


def read_items_quickly(client: "DynamoDBClient") -> None:
    """Have the client read the answers of these calls so."""
    parse_answers(client, ITEM_CALLS, _parse)


def _parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Give botocore the answer's members, and nothing to parse. Errors are left to it.

    Raises ResponseParserError, as botocore does, for what is no answer of DynamoDB.
    """
    if response_dict["status_code"] >= 300:
        return
    try:
        answer = orjson.loads(response_dict["body"])
        for item in _items(answer):
            for value in item.values():
                if "B" in value:
                    value["B"] = a2b_base64(value["B"])
                elif "M" in value or "L" in value:
                    _decode_within(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ResponseParserError(f"not an answer with items: {error}") from error
    customized_response_dict.update(answer)
    response_dict["body"] = b"{}"


def _decode_within(value: dict[str, Any]) -> None:
    """Bytes in maps and lists, which only what a release prepares has."""
    for each in value["M"].values() if "M" in value else value["L"]:
        if "B" in each:
            each["B"] = a2b_base64(each["B"])
        elif "M" in each or "L" in each:
            _decode_within(each)


def _items(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from answer.get("Items", ())
    for items in answer.get("Responses", {}).values():
        yield from items
    if "Item" in answer:
        yield answer["Item"]
