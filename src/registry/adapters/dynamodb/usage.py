"""What users store, counted in DynamoDB with each change of a package."""

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.packages import Package


def count_bytes(transaction: Transaction, old: Package | None, new: Package | None) -> None:
    """Count with the rest what a user stores more or less. Spread over shards: one item would make all wait in line."""
    package = new or old
    added = grown(old, new)
    if package is not None and added:
        transaction.add_to(keys.usage_key(package.created_by, package.id), "bytes", added)


def grown(old: Package | None, new: Package | None) -> int:
    """How many bytes more are stored after a change; negative: fewer."""
    return _size(new) - _size(old)


def _size(package: Package | None) -> int:
    return package.content.size if package is not None and package.content is not None else 0


class DynamoUsageStore:
    """Implements `UsageStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def stored_bytes(self, user: str) -> int:
        items, _ = await self._table.query(keys.usage_of(user))
        return sum(int(attribute(item, "bytes", "N")) for item in items)
