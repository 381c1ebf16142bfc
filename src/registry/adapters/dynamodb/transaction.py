"""A transaction under construction: actions, each with what it means when its condition does not hold."""

from collections.abc import Callable, Mapping, Sequence

from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, number
from registry.domain.errors import RegistryError, Unavailable

Meaning = Callable[[Item], RegistryError]
"""Makes the error of a condition that failed, from the item that was found (empty: none)."""

ABSENT = "attribute_not_exists(pk)"


class Transaction:
    """Actions are judged in the order in which they were added: the first whose condition fails names the error."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._actions: list[Action] = []
        self._meanings: dict[int, Meaning] = {}
        self._stale: list[Item] = []
        self._stale_since = 0

    def put(self, item: Item) -> None:
        self._actions.append(self._table.put(item))

    def add_to(self, key: Item, name: str, added: int) -> None:
        """Add to a number of an item, which is made where it is missing."""
        self._actions.append(self._table.add(key, name, added))

    def update(self, key: Item, expression: str, values: Item, *, names: Mapping[str, str] | None = None) -> None:
        """Change some attributes of an item, which is made where it is missing."""
        self._actions.append(self._table.update(key, expression, condition="", values=values, names=names))

    def delete(self, key: Item) -> None:
        self._actions.append(self._table.delete(key))

    def delete_stale(self, entries: Sequence[Item], *, revision: int) -> None:
        """Delete listing entries of up to a revision: with the rest, or after it where the transaction is full.

        Fifty tags and a new status are more than a transaction takes. What is deleted late, or never since the process
        ended, shows nowhere: listings believe the record, not the entry.
        """
        self._stale += entries
        self._stale_since = revision

    def put_if(self, item: Item, condition: str, values: Item | None = None, *, otherwise: Meaning) -> None:
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(self._table.put(item, condition=condition, values=values))

    def delete_if(self, key: Item, condition: str, values: Item | None = None, *, otherwise: Meaning) -> None:
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(self._table.delete(key, condition=condition, values=values))

    def act(self, action: Action) -> None:
        """Add an action without a condition."""
        self._actions.append(action)

    def act_if(self, action: Action, *, otherwise: Meaning) -> None:
        """Add an action that has a condition."""
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(action)

    def update_if(self, key: Item, expression: str, condition: str, values: Item, *, otherwise: Meaning) -> None:
        self._meanings[len(self._actions)] = otherwise
        self._actions.append(self._table.update(key, expression, condition=condition, values=values))

    async def commit(self) -> None:
        """Do all or nothing. Raises what the first failed condition means."""
        room = max(TRANSACTION_ACTIONS - len(self._actions), 0)
        now, later = self._stale[:room], self._stale[room:]
        try:
            await self._table.transact([*self._actions, *map(self._table.delete, now)])
        except ConditionFailed as failed:
            place = min(failed.items)
            raise self._meanings[place](failed.items[place]) from None
        if later:
            await self._delete_unless_newer(later)

    async def _delete_unless_newer(self, entries: Sequence[Item]) -> None:
        # Another change may have written such an entry again by now, and that one is not stale.
        values = {":revision": number(self._stale_since)}
        condition = "attribute_not_exists(pk) OR revision <= :revision"
        try:
            await self._table.transact(
                [self._table.delete(entry, condition=condition, values=values) for entry in entries]
            )
        except (ConditionFailed, Unavailable):
            return
