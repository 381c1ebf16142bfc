"""DynamoDB's operations on tables in memory. Parameters and answers are those of the wire."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from bench.engine.capacity import Counters, Units, item_size, kind_of, read_units
from bench.engine.expressions import Context, Item, Node, holds, parse_condition, updated
from bench.engine.table import Keyed, Table

_PAGE_BYTES = 1024 * 1024
_TOKENS = 100_000
_CAPITAL = re.compile("([A-Z])")
Answer = dict[str, Any]


class Refused(Exception):
    """An error of DynamoDB: its code, a message, and further members of the answer."""

    def __init__(self, code: str, message: str = "", **members: Any) -> None:
        super().__init__(code)
        self.document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **members}


class Engine:
    """All tables. `call` is one request; what it consumes is in `counters`."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.counters = Counters()
        self._tokens: dict[str, None] = {}
        self._units = Units()

    def call(self, operation: str, wanted: Answer) -> Answer:
        """The answer. Raises Refused."""
        method = "do" + _CAPITAL.sub(r"_\1", operation).lower()
        perform: Callable[[Answer], Answer] | None = getattr(self, method, None)
        if perform is None:
            raise Refused("UnknownOperationException", operation)
        self._units = units = Units()
        self.counters.calls[operation] += 1
        try:
            answer = perform(wanted)
        finally:
            self.counters.read[operation] += units.read  # type: ignore[assignment]
            self.counters.write[operation] += units.write  # type: ignore[assignment]
        if wanted.get("ReturnConsumedCapacity") == "TOTAL":
            consumed = {"TableName": "", "CapacityUnits": units.total}
            single = operation in ("GetItem", "Query", "Scan", "UpdateItem", "PutItem", "DeleteItem")
            answer["ConsumedCapacity"] = consumed if single else [consumed]
        return answer

    # Tables.

    def do_create_table(self, wanted: Answer) -> Answer:
        if wanted["TableName"] in self.tables:
            raise Refused("ResourceInUseException", "Table already exists")
        self.tables[wanted["TableName"]] = Table(wanted)
        return {"TableDescription": self._described(wanted["TableName"])}

    def do_delete_table(self, wanted: Answer) -> Answer:
        description = self._described(wanted["TableName"])
        del self.tables[wanted["TableName"]]
        return {"TableDescription": description}

    def do_describe_table(self, wanted: Answer) -> Answer:
        return {"Table": self._described(wanted["TableName"])}

    def do_update_time_to_live(self, wanted: Answer) -> Answer:
        self._table(wanted["TableName"]).ttl = wanted["TimeToLiveSpecification"]
        return {"TimeToLiveSpecification": wanted["TimeToLiveSpecification"]}

    def do_describe_time_to_live(self, wanted: Answer) -> Answer:
        ttl = self._table(wanted["TableName"]).ttl
        if ttl is None:
            return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": ttl["AttributeName"]}}

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", "Cannot do operations on a non-existent table")
        return self.tables[name]

    def _described(self, name: str) -> Answer:
        definition = self._table(name).definition
        indexes = [{**index, "IndexStatus": "ACTIVE"} for index in definition.get("GlobalSecondaryIndexes", ())]
        billing = {"BillingMode": definition.get("BillingMode", "PROVISIONED")}
        described = {**definition, "TableStatus": "ACTIVE", "BillingModeSummary": billing}
        return {**described, "GlobalSecondaryIndexes": indexes} if indexes else described

    # Reading.

    def _read(self, partition: str, size: int, *, consistent: bool, key: Item | None = None) -> None:
        units = read_units(size, consistent=consistent)
        self._units.read += units
        self.counters.read_by_partition[partition] += units  # type: ignore[assignment]
        self.counters.read_by_kind[kind_of(partition, key)] += units  # type: ignore[assignment]

    def do_get_item(self, wanted: Answer) -> Answer:
        table = self._table(wanted["TableName"])
        item = table.get(wanted["Key"])
        consistent = wanted.get("ConsistentRead", False)
        key = wanted["Key"]
        self._read(table.key_of(key)[0], item_size(item or {}), consistent=consistent, key=key)
        return {} if item is None else {"Item": item}

    def do_batch_get_item(self, wanted: Answer) -> Answer:
        responses = {
            name: [
                item
                for key in request["Keys"]
                if (item := self.do_get_item({**request, "TableName": name, "Key": key}).get("Item"))
            ]
            for name, request in wanted["RequestItems"].items()
        }
        return {"Responses": responses, "UnprocessedKeys": {}}

    def do_query(self, wanted: Answer) -> Answer:
        table = self._table(wanted["TableName"])
        keyed = table.indexes[wanted["IndexName"]][0] if "IndexName" in wanted else table.base
        names, values = wanted.get("ExpressionAttributeNames", {}), wanted["ExpressionAttributeValues"]
        condition = parse_condition(wanted["KeyConditionExpression"])
        key, rest = _split(condition, keyed, names, values)
        start = wanted.get("ExclusiveStartKey")
        after = None if start is None else _place(table, keyed, start)
        walk = keyed.walk(key, after=after, forward=wanted.get("ScanIndexForward", True))
        matching = ((place, item) for place, item in walk if rest is None or _fits(rest, item, names, values))
        return self._page(table, keyed, wanted, (item for _, item in matching), partition=key)

    def do_scan(self, wanted: Answer) -> Answer:
        table = self._table(wanted["TableName"])
        everything = (item for part in list(table.base.partitions.values()) for item in list(part.items.values()))
        if start := wanted.get("ExclusiveStartKey"):
            everything = _behind(everything, start)
        return self._page(table, table.base, wanted, everything, partition="(scan)")

    def _page(self, table: Table, keyed: Keyed, wanted: Answer, items: Any, *, partition: str) -> Answer:
        size, seen, last, found = 0, 0, None, []
        names, values = wanted.get("ExpressionAttributeNames", {}), wanted.get("ExpressionAttributeValues", {})
        limit = wanted.get("Limit")
        for item in islice(items, limit):
            size, seen, last = size + item_size(item), seen + 1, item
            if holds(wanted.get("FilterExpression"), item, names, values):
                found.append(item)
            if size >= _PAGE_BYTES:
                break
        else:
            last = last if limit is not None and seen == limit else None
        if keyed is not table.base:
            partition = f"{wanted['IndexName']} {partition}"
        self._read(partition, size, consistent=wanted.get("ConsistentRead", False))
        answer: Answer = {"Count": len(found), "ScannedCount": seen}
        if wanted.get("Select") != "COUNT":
            answer["Items"] = found
        if last is not None:
            keys = (table.base.partition, table.base.sort, keyed.partition, keyed.sort)
            answer["LastEvaluatedKey"] = {name: last[name] for name in keys}
        return answer

    # Writing.

    def _written(self, table: Table, key: Item, after: Item | None, *, factor: float = 1.0) -> None:
        counters = self.counters
        for partition, units in table.write(key, after, factor=factor):
            self._units.write += units
            counters.write_by_partition[partition] += units  # type: ignore[assignment]
            counters.write_by_kind[kind_of(partition, key)] += units  # type: ignore[assignment]

    def do_put_item(self, wanted: Answer) -> Answer:
        return self._single({"Put": wanted})

    def do_delete_item(self, wanted: Answer) -> Answer:
        return self._single({"Delete": wanted})

    def do_update_item(self, wanted: Answer) -> Answer:
        return self._single({"Update": wanted})

    def _single(self, action: Answer) -> Answer:
        (wanted,) = action.values()
        table, key, before, after, reason = self._considered(action)
        if reason is not None:
            raise Refused("ConditionalCheckFailedException", "The conditional request failed", **reason)
        self._written(table, key, after)
        shown = {"ALL_NEW": after, "ALL_OLD": before}.get(wanted.get("ReturnValues", "NONE"))
        return {"Attributes": shown} if shown else {}

    def do_batch_write_item(self, wanted: Answer) -> Answer:
        for name, requests in wanted["RequestItems"].items():
            table = self._table(name)
            for request in requests:
                if "PutRequest" in request:
                    item = request["PutRequest"]["Item"]
                    self._written(table, item, item)
                else:
                    self._written(table, request["DeleteRequest"]["Key"], None)
        return {"UnprocessedItems": {}}

    def do_transact_write_items(self, wanted: Answer) -> Answer:
        token = wanted.get("ClientRequestToken")
        if token in self._tokens:
            return {}
        considered = [self._considered(action) for action in wanted["TransactItems"]]
        if any(reason is not None for *_, reason in considered):
            # What is refused is paid for all the same.
            self._units.write += 2.0 * len(considered)
            reasons = [
                {"Code": "None"}
                if reason is None
                else {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", **reason}
                for *_, reason in considered
            ]
            codes = ", ".join(reason["Code"] for reason in reasons)
            message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
            raise Refused("TransactionCanceledException", message, CancellationReasons=reasons)
        for table, key, _, after, _ in considered:
            # Twice: to prepare and to commit. A check counts as a write of its item, which is the most it can be.
            self._written(table, key, after, factor=2.0)
        if token is not None:
            self._tokens[token] = None
            if len(self._tokens) > _TOKENS:
                del self._tokens[next(iter(self._tokens))]
        return {}

    def _considered(self, action: Answer) -> tuple[Table, Item, Item | None, Item | None, Answer | None]:
        """An action's table, key, item before and after, and the reason why its condition does not hold."""
        ((kind, wanted),) = action.items()
        table = self._table(wanted["TableName"])
        key = wanted["Item"] if kind == "Put" else wanted["Key"]
        before = table.get(key)
        names, values = wanted.get("ExpressionAttributeNames", {}), wanted.get("ExpressionAttributeValues", {})
        if not holds(wanted.get("ConditionExpression"), before or {}, names, values):
            shows = before is not None and wanted.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            return table, key, before, before, {"Item": before} if shows else {}
        after: Item | None = before
        if kind == "Put":
            after = wanted["Item"]
        elif kind == "Delete":
            after = None
        elif kind == "Update":
            after = updated(wanted["UpdateExpression"], before or dict(key), names, values)
        return table, key, before, after, None


def _split(condition: Node, keyed: Keyed, names: Any, values: Item) -> tuple[str, Node | None]:
    """The partition key that a query is for, and its condition on the sort key."""
    parts = condition[1:] if condition[0] == "and" else (condition,)
    key, rest = "", None
    for part in parts:
        if part[0] == "compare" and names.get(part[2][1], part[2][1]) == keyed.partition:
            key = values[part[3][1]]["S"]
        else:
            rest = part
    return key, rest


def _fits(condition: Node, item: Item, names: Any, values: Item) -> bool:
    return Context(item, names, values).holds(condition)


def _place(table: Table, keyed: Keyed, key: Item) -> tuple[str, ...]:
    own = (key[table.base.partition]["S"], key[table.base.sort]["S"])
    return (own[1],) if keyed is table.base else (key[keyed.sort]["S"], *own)


def _behind(items: Any, start: Item) -> Any:
    for item in items:
        if all(item.get(name) == value for name, value in start.items()):
            break
    yield from items
