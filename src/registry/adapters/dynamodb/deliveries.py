"""The outbox of deliveries in DynamoDB. How events become deliveries is explained in `outbox`.

Pending deliveries of a webhook and package stand in one queue, an item with their ids in order. Only the first of them
can be leased, and the queue's place in the index says when: a lease moves that to the end of its lease. The index is
milliseconds late; a lease believes the queue, so what it shows that is no longer so is passed over.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from registry.adapters.dynamodb import keys, webhook_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.outbox import fan_out
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT
from registry.adapters.dynamodb.webhook_items import (
    delivery_item,
    due_text,
    find_webhook,
    given_up,
    joining,
    list_enabled,
    put_unchanged,
    read_delivery,
    read_due,
    read_webhook,
    waiting_ids,
)
from registry.domain.errors import NotFound, Unavailable
from registry.domain.webhooks import Delivery, DeliveryStatus
from registry.ports.clock import Clock

_TRIES = 4
"""How often a queue is read that others change before its turn comes."""


class DynamoDeliveryOutbox:
    """Implements `DeliveryOutbox`. A lease is told from later ones by the count of attempts.

    At rest, `due_webhooks` costs a query for each shard of the events and each webhook.
    """

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def due_webhooks(self) -> Sequence[str]:
        now = self._clock.now()
        await fan_out(self._table, now=now)
        webhook_ids = [webhook.id for webhook in await list_enabled(self._table)]
        found = await asyncio.gather(*(self._due(webhook_id, now, limit=1) for webhook_id in webhook_ids))
        return [webhook_id for webhook_id, due in zip(webhook_ids, found, strict=True) if due]

    async def lease(self, webhook_id: str, *, limit: int, lease_seconds: float) -> Sequence[Delivery]:
        now = self._clock.now()
        await fan_out(self._table, now=now)
        webhook = await find_webhook(self._table, webhook_id)
        if webhook is None or webhook.disabled:
            return []
        until = now + timedelta(seconds=lease_seconds)
        leased: list[Delivery] = []
        after, more = None, True
        while more:
            missing = limit - len(leased)
            due = await self._due(webhook_id, now, limit=missing, after=after)
            leased += await self._take_lease(webhook_id, due, now, until=until)
            # Those that another process was faster to lease leave room for the next.
            more = len(due) == missing and len(leased) < limit
            after = attribute(due[-1], "id") if due else None
        return leased

    async def settle(self, delivery: Delivery, *, retry_at: datetime | None = None) -> bool:
        now = self._clock.now()
        leased = replace(delivery, status=DeliveryStatus.PENDING)
        for _ in range(_TRIES):
            webhook, queue = await self._read_both(
                webhook_keys.webhook_key(delivery.webhook_id), webhook_keys.queue_key(delivery)
            )
            if webhook is None or read_webhook(webhook).disabled or queue is None or read_due(queue)[1] != delivery.id:
                return False
            pending = delivery.status is DeliveryStatus.PENDING
            moved = self._move(queue, retry_at or now) if pending else self._leave(queue, now)
            try:
                await self._table.transact([put_unchanged(self._table, leased, delivery, now=now), moved])
            except ConditionFailed as failed:
                if 0 in failed.items:
                    return False
                continue  # another delivery has joined the queue
            return True
        raise _crowded()

    async def add(self, delivery: Delivery) -> None:
        now = self._clock.now()
        put = self._table.put(delivery_item(delivery, now=now), condition=ABSENT)
        with contextlib.suppress(ConditionFailed):  # it was added before
            await self._table.transact([put, joining(self._table, delivery, now=now)])

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        now = self._clock.now()
        for _ in range(_TRIES):
            webhook, item = await self._read_both(
                webhook_keys.webhook_key(webhook_id), webhook_keys.delivery_key(webhook_id, delivery_id)
            )
            if webhook is None or item is None:
                raise NotFound(f"There is no delivery {delivery_id} of this webhook.")
            ended = read_delivery(item)
            if ended.status is DeliveryStatus.PENDING:
                return ended
            replayed = replace(ended, status=DeliveryStatus.PENDING, earlier_attempts=ended.attempts)
            put = put_unchanged(self._table, ended, replayed, now=now)
            with contextlib.suppress(ConditionFailed):
                await self._table.transact([put, joining(self._table, replayed, now=now)])
                return replayed
        raise _crowded()

    async def list_deliveries(self, webhook_id: str, *, limit: int, after: str | None) -> Sequence[Delivery]:
        await fan_out(self._table, now=self._clock.now())
        webhook, (items, _) = await asyncio.gather(
            find_webhook(self._table, webhook_id),
            self._table.query(webhook_keys.deliveries(webhook_id), after=after, limit=limit, newest_first=True),
        )
        if webhook is None:
            return []
        found = [read_delivery(item) for item in items]
        return given_up(found) if webhook.disabled else found

    async def depth(self) -> int:
        partitions = [webhook_keys.queues(webhook.id) for webhook in await list_enabled(self._table)]
        found = await asyncio.gather(*map(self._table.query_all, partitions))
        return sum(len(waiting_ids(queue)) for queues in found for queue in queues)

    async def _due(self, webhook_id: str, now: datetime, *, limit: int, after: str | None = None) -> list[Item]:
        """A webhook's queues that are due after a place in the index, longest first, as the index has them."""
        queues, _ = await self._table.query(webhook_keys.due_queues(webhook_id), after=after, limit=limit, index=True)
        return [queue for queue in queues if read_due(queue)[0] <= now]

    async def _take_lease(
        self, webhook_id: str, due: Sequence[Item], now: datetime, *, until: datetime
    ) -> list[Delivery]:
        """Those of the queues' first deliveries that nobody else was faster to lease."""
        first = [webhook_keys.delivery_key(webhook_id, read_due(queue)[1]) for queue in due]
        found = {delivery.id: delivery for delivery in map(read_delivery, await self._table.batch_get(first))}

        async def lease(queue: Item) -> Delivery | None:
            seen = found.get(read_due(queue)[1])
            if seen is None or seen.status is not DeliveryStatus.PENDING:
                return None
            leased = replace(seen, attempts=seen.attempts + 1, at=now)
            try:
                await self._table.transact(
                    [put_unchanged(self._table, seen, leased, now=now), self._move(queue, until)]
                )
            except ConditionFailed:
                return None
            return leased

        return [leased for leased in await asyncio.gather(*map(lease, due)) if leased is not None]

    def _move(self, queue: Item, due_at: datetime) -> Action:
        """The action that has a queue's first delivery due at another time, where the queue is as it was seen."""
        return self._table.update(
            keys.key_of(queue),
            "SET id = :due",
            condition="id = :seen",
            values={":due": text(due_text(due_at, read_due(queue)[1])), ":seen": queue["id"]},
        )

    def _leave(self, queue: Item, now: datetime) -> Action:
        """The action that takes a queue's first delivery away and has the next one due now."""
        ids = waiting_ids(queue)
        values: Item = {":seen": queue["id"]}
        if len(ids) == 1:
            values[":one"] = number(1)
            return self._table.delete(
                keys.key_of(queue), condition="id = :seen AND size(waiting) = :one", values=values
            )
        values[":due"] = text(due_text(now, ids[1]))
        return self._table.update(
            keys.key_of(queue), "SET id = :due REMOVE waiting[0]", condition="id = :seen", values=values
        )

    async def _read_both(self, first: Item, second: Item) -> tuple[Item | None, Item | None]:
        found = {attribute(item, "pk"): item for item in await self._table.batch_get([first, second])}
        return found.get(first["pk"]["S"]), found.get(second["pk"]["S"])


def _crowded() -> Unavailable:
    return Unavailable("The deliveries of this package are being changed by many others; try again.")
