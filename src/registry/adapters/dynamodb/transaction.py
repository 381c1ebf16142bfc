"""A transaction under construction: actions, each with what it means when its condition does not hold."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item
from registry.domain.errors import RegistryError

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import TransactWriteItemTypeDef

Meaning = Callable[[Item], RegistryError]
"""Makes the error of a condition that failed, from the item that was found (empty: none)."""

ABSENT = "attribute_not_exists(pk)"


class Transaction:
    """Actions are judged in the order in which they were added: the first whose condition fails names the error."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._actions: list[TransactWriteItemTypeDef] = []
        self._meanings: dict[int, Meaning] = {}

    def put(self, item: Item) -> None:
        self._actions.append(self._table.put(item))

    def delete(self, key: Item) -> None:
        self._actions.append(self._table.delete(key))

    def put_if(self, item: Item, condition: str, values: Item | None = None, *, otherwise: Meaning) -> None:
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(self._table.put(item, condition=condition, values=values))

    def delete_if(self, key: Item, condition: str, values: Item | None = None, *, otherwise: Meaning) -> None:
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(self._table.delete(key, condition=condition, values=values))

    async def commit(self) -> None:
        """Do all or nothing. Raises what the first failed condition means."""
        try:
            await self._table.transact(self._actions)
        except ConditionFailed as failed:
            place = min(failed.items)
            raise self._meanings[place](failed.items[place]) from None
