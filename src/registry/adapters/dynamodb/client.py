"""The table as the stores use it: a few verbs over one client."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from registry.adapters.dynamodb.actions import TableActions
from registry.adapters.dynamodb.calls import TRIES, OnDate, OnUnits, check_answer, consumed_units, date_of
from registry.adapters.dynamodb.keys import STATUS_INDEX, Action, Item
from registry.adapters.dynamodb.queries import listing_query, partition_query
from registry.adapters.engine_calls import EngineCalls, EngineThrottling
from registry.domain.errors import TooLarge

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodb.type_defs import (
        KeysAndAttributesTypeDef,
        QueryInputTypeDef,
        WriteRequestTypeDef,
    )

T = TypeVar("T")
BATCH_GET_KEYS = 100
BATCH_WRITE_ITEMS = 25
TRANSACTION_ACTIONS = 100


def utc_now() -> datetime:
    """The time by this host's clock."""
    return datetime.now(UTC)


class DynamoTable(TableActions):
    """One table through one client. Every method raises Unavailable when DynamoDB cannot answer in time."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        calls: EngineCalls,
        on_units: OnUnits | None = None,
        on_date: OnDate | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`now` is the time that hosts agree on."""
        super().__init__(name)
        self.client = client
        self.calls = calls
        self.now = now
        self._on_units = on_units
        self._on_date = on_date

    async def call(
        self,
        operation: str,
        invoke: Callable[[], Awaitable[T]],
        *,
        member: str = "",
        within: asyncio.Timeout | None = None,
    ) -> T:
        """Call the engine (see `EngineCalls`). `member` is in every good answer."""

        def check(answer: T) -> None:
            check_answer(cast("Mapping[str, Any]", answer), member)

        begun = time.perf_counter()
        answer = await self.calls.call(operation, invoke, check=check, within=within)
        if self._on_date and (date := date_of(cast("Mapping[str, Any]", answer))):
            self._on_date(date, time.perf_counter() - begun)
        if self._on_units and (units := consumed_units(cast("Mapping[str, Any]", answer))):
            self._on_units(operation, units)
        return answer

    async def get(self, key: Item, *, consistent: bool = True) -> Item | None:
        """The item, None when there is none."""
        answer = await self.call(
            "GetItem", partial(self.client.get_item, TableName=self.name, Key=key, ConsistentRead=consistent)
        )
        return answer.get("Item")

    async def query(
        self,
        partition: str,
        *,
        after: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        index: bool = False,
        consistent: bool = True,
    ) -> tuple[list[Item], bool]:
        """The items of a partition in the order of their sort key, after `after`, and whether that was the last.

        Those up to `to`, where it is given with `after`. One call: at most 1 MB and `limit` items. Consistent, unless
        `index` asks for the status index, or the caller does without, for half the read units.
        """
        request = partition_query(
            self.name,
            partition,
            after=after,
            to=to,
            limit=limit,
            newest_first=newest_first,
            index=index,
            consistent=consistent,
        )
        answer = await self.call("Query", partial(self.client.query, **request), member="Items")
        items = answer["Items"]
        if to is not None and items and items[0]["sk"]["S"] == after:
            items = items[1:]  # BETWEEN has both ends
        return items, "LastEvaluatedKey" not in answer

    async def query_index(
        self,
        index: str,
        partition: str,
        *,
        sort_key: str,
        descending: bool,
        after: str | None,
        lowest: str | None,
        limit: int,
    ) -> tuple[list[Item], bool]:
        """The entries of a listing's partition in the order of an index, and whether those were the last.

        From after the sort key `after` on; none below `lowest`, which goes with `descending`. One call.
        """
        request = listing_query(
            self.name,
            index,
            partition,
            sort_key=sort_key,
            descending=descending,
            after=after,
            lowest=lowest,
            limit=limit,
        )
        answer = await self.call("Query", partial(self.client.query, **request), member="Items")
        items = [item for item in answer["Items"] if after is None or item[sort_key]["S"] != after]
        return items, "LastEvaluatedKey" not in answer

    async def index_has(self, partition: str, item_id: str) -> bool:
        """Whether the status index has come to hold an item."""
        answer = await self.call(
            "Query",
            partial(
                self.client.query,
                TableName=self.name,
                IndexName=STATUS_INDEX,
                KeyConditionExpression="status_shard = :shard AND id = :id",
                ExpressionAttributeValues={":shard": {"S": partition}, ":id": {"S": item_id}},
                Select="COUNT",
            ),
            member="Count",
        )
        return bool(answer["Count"])

    async def query_all(self, partition: str, *, after: str | None = None) -> list[Item]:
        """Every item of a partition, or of its end after `after`, that is known to be small."""
        items, last = await self.query(partition, after=after)
        while not last:
            more, last = await self.query(partition, after=items[-1]["sk"]["S"])
            items += more
        return items

    async def count(self, partition: str, *, index: bool = False) -> int:
        """How many items a partition has: read by the engine, a call for each MB, and not sent.

        Consistent, unless `index` asks for the status index.
        """
        request: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": f"{'status_shard' if index else 'pk'} = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "Select": "COUNT",
            "ConsistentRead": not index,
        }
        if index:
            request["IndexName"] = STATUS_INDEX
        counted = 0
        while True:
            answer = await self.call("Query", partial(self.client.query, **request), member="Count")
            counted += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return counted
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def batch_get(self, keys: Sequence[Item]) -> list[Item]:
        """The items that exist among `keys` (all different), in no order, a call for each hundred. Consistent."""
        if len(keys) <= BATCH_GET_KEYS:
            return await self._batch_get(keys) if keys else []
        batches = [keys[start : start + BATCH_GET_KEYS] for start in range(0, len(keys), BATCH_GET_KEYS)]
        found = await asyncio.gather(*map(self._batch_get, batches))
        return [item for items in found for item in items]

    async def _batch_get(self, keys: Sequence[Item]) -> list[Item]:
        items: list[Item] = []
        wanted: Mapping[str, KeysAndAttributesTypeDef] = {self.name: {"Keys": keys, "ConsistentRead": True}}
        async with self.calls.deadline() as deadline:
            for attempt in range(TRIES[EngineThrottling]):
                answer = await self.call(
                    "BatchGetItem",
                    partial(self.client.batch_get_item, RequestItems=wanted),
                    member="Responses",
                    within=deadline,
                )
                items += answer["Responses"].get(self.name, [])
                wanted = cast("Mapping[str, KeysAndAttributesTypeDef]", answer["UnprocessedKeys"])
                if not wanted:
                    return items
                await self.calls.pause(attempt)
        raise EngineThrottling("The record store is at its capacity; try again.", retry_after_seconds=2)

    async def transact(self, actions: Sequence[Action]) -> None:
        """All actions or none. Raises ConditionFailed with the positions of those whose condition did not hold.

        A try whose answer was lost may be tried again: the token makes DynamoDB answer, not act, a second time.
        """
        if len(actions) > TRANSACTION_ACTIONS:
            raise TooLarge("The package has more tags than the record store can list it by.")
        token = uuid.uuid4().hex
        await self.call(
            "TransactWriteItems",
            partial(self.client.transact_write_items, TransactItems=actions, ClientRequestToken=token),
        )

    async def batch_write(self, requests: "Sequence[WriteRequestTypeDef]") -> None:
        """Puts and deletions of different items without conditions, each on its own."""
        for start in range(0, len(requests), BATCH_WRITE_ITEMS):
            await self._batch_write(requests[start : start + BATCH_WRITE_ITEMS])

    async def _batch_write(self, requests: "Sequence[WriteRequestTypeDef]") -> None:
        async with self.calls.deadline() as deadline:
            for attempt in range(TRIES[EngineThrottling]):
                wanted = {self.name: requests}
                invoke = partial(self.client.batch_write_item, RequestItems=wanted)
                answer = await self.call("BatchWriteItem", invoke, within=deadline)
                requests = cast("Sequence[WriteRequestTypeDef]", answer["UnprocessedItems"].get(self.name, []))
                if not requests:
                    return
                await self.calls.pause(attempt)
        raise EngineThrottling("The record store is at its capacity; try again.", retry_after_seconds=2)

    async def scan(self, condition: str, values: Item) -> AsyncIterator[list[Item]]:
        """Every item that meets a condition, a call's worth at a time. Reads the whole table: never for a request."""
        start: dict[str, Any] = {}
        while True:
            answer = await self.call(
                "Scan",
                partial(
                    self.client.scan,
                    TableName=self.name,
                    FilterExpression=condition,
                    ExpressionAttributeValues=values,
                    ConsistentRead=True,
                    **start,
                ),
            )
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
