"""The actions of which transactions are made."""

from collections.abc import Mapping
from typing import Any, cast

from registry.adapters.dynamodb.keys import Action, Item


class TableActions:
    """Makes actions on the items of one table. They do nothing before they are part of a transaction."""

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, item: Item, *, condition: str = "", values: Item | None = None) -> Action:
        """The action that puts an item, where `condition` holds."""
        return cast("Action", {"Put": self._action({"Item": item}, condition, values)})

    def delete(self, key: Item, *, condition: str = "", values: Item | None = None) -> Action:
        """The action that deletes an item, where `condition` holds."""
        return cast("Action", {"Delete": self._action({"Key": key}, condition, values)})

    def update(
        self, key: Item, expression: str, *, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Action:
        """The action that updates an item, where `condition` holds. `names` are placeholders of attributes' names."""
        action: dict[str, Any] = {"Key": key, "UpdateExpression": expression}
        if names:
            action["ExpressionAttributeNames"] = names
        return cast("Action", {"Update": self._action(action, condition, values)})

    def check(
        self, key: Item, *, condition: str, values: Item | None = None, names: dict[str, str] | None = None
    ) -> Action:
        """The action that changes nothing and lets the others be done only where `condition` holds."""
        action: dict[str, Any] = {"Key": key, **({"ExpressionAttributeNames": names} if names else {})}
        return cast("Action", {"ConditionCheck": self._action(action, condition, values)})

    def add(self, key: Item, name: str, added: int) -> Action:
        """The action that adds to a number of an item."""
        action = {
            "TableName": self.name,
            "Key": key,
            "UpdateExpression": "ADD #name :added",
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": {":added": {"N": str(added)}},
        }
        return cast("Action", {"Update": action})

    def _action(self, action: dict[str, Any], condition: str, values: Item | None) -> dict[str, Any]:
        action["TableName"] = self.name
        if condition:
            action["ConditionExpression"] = condition
            action["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            action["ExpressionAttributeValues"] = values
        return action
