"""The size of an item, by which DynamoDB charges for it."""

from typing import Any, cast

from registry.adapters.dynamodb.keys import Item


def item_bytes(item: Item) -> int:
    """About the size by which DynamoDB charges for an item."""
    return sum(len(name) + _value_bytes(cast("dict[str, Any]", value)) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "L":
        return 3 + sum(1 + _value_bytes(each) for each in held)
    return len(held) if kind == "B" else len(str(held).encode())
