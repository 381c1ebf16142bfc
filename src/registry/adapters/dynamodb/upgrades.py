"""How far changes that concern every package have been carried out."""

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT


class DynamoUpgradeStore:
    """Implements `UpgradeStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def find(self, name: str) -> str | None:
        item = await self._table.get(keys.upgrade_key(name))
        return None if item is None else attribute(item, "upgrade_state")

    async def swap(self, name: str, state: str, *, expected: str | None) -> bool:
        item: Item = {**keys.upgrade_key(name), "upgrade_state": text(state)}
        condition, values = ABSENT, None
        if expected is not None:
            condition, values = "upgrade_state = :expected", {":expected": text(expected)}
        try:
            await self._table.transact([self._table.put(item, condition=condition, values=values)])
        except ConditionFailed:
            return False
        return True
