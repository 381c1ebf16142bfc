"""Reading the answers that bring items, in place of botocore's parser.

That one walks the ten possible members of every attribute's value, which is half of what a page of packages costs. The
JSON has the form that the stores work on already; bytes alone are written in base64.
"""

from binascii import a2b_base64
from collections.abc import Iterable, Iterator
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
    """Give botocore the answer's members, and nothing to parse. Errors are left to it."""
    if response_dict["status_code"] >= 300:
        return
    customized_response_dict.update(read_answer(response_dict["body"]))
    response_dict["body"] = b"{}"


def read_answer(body: bytes) -> dict[str, Any]:
    """The members of a good answer. Raises ResponseParserError, as botocore does, for what is no answer of DynamoDB."""
    try:
        answer: dict[str, Any] = orjson.loads(body)
        decode_items(answer.get("Responses", {}).values())
        decode_items([answer])
    except (ValueError, TypeError, AttributeError) as error:
        raise ResponseParserError(f"not an answer with items: {error}") from error
    return answer


def decode_items(holders: Iterable[Any]) -> None:
    """Decode the bytes of the items that each of `holders` is a list of, or has as a member."""
    for holder in holders:
        for item in _items(holder):
            for value in item.values():
                if "B" in value:
                    value["B"] = a2b_base64(value["B"])
                elif "M" in value or "L" in value:
                    _decode_within(value)


def _decode_within(value: dict[str, Any]) -> None:
    """Bytes in maps and lists, which only what a release prepares has."""
    for each in value["M"].values() if "M" in value else value["L"]:
        if "B" in each:
            each["B"] = a2b_base64(each["B"])
        elif "M" in each or "L" in each:
            _decode_within(each)


def _items(holder: Any) -> Iterator[dict[str, Any]]:
    if isinstance(holder, list):
        yield from holder
        return
    yield from holder.get("Items", ())
    for name in ("Item", "Attributes"):
        if name in holder:
            yield holder[name]
    for requests in holder.get("UnprocessedItems", {}).values():
        yield from (request["PutRequest"]["Item"] for request in requests if "PutRequest" in request)
