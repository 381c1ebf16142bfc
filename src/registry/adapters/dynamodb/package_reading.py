"""A package's record and its README, of one write."""

from collections.abc import Awaitable, Callable

from registry.adapters.dynamodb import records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.records import attribute
from registry.domain.errors import Unavailable

Found = tuple[Item, Item | None, Item | None]
READS = 4
"""How often a record and its README are read before giving up on finding both of one write."""


async def query_package(table: DynamoTable, package_id: str) -> list[Item]:
    """All items of a package."""
    items, _last = await table.query(f"P#{package_id}")
    return items


async def read_pair(query: Callable[[], Awaitable[list[Item]]], package_id: str) -> Found | None:
    """The record, its README of the same write and its safety, out of what `query` gives. Raises Unavailable."""
    for _ in range(READS):
        found = {attribute(item, "sk"): item for item in await query()}
        record, readme = found.get("record"), found.get("readme")
        if record is None:
            return None
        if records.fits(record, readme):
            return record, readme, found.get("safety")
    raise Unavailable(f"The package {package_id} is being changed; try again.")
