"""The outbox of deliveries in DynamoDB. How events become deliveries is told in `outbox`.

Pending deliveries of a webhook and package stand in one lane, an item with their ids in order. Only the first of them
can be claimed, and the lane's place in the index tells when: a claim moves that to the end of its lease. The index is
milliseconds late; a claim believes the lane, so what it shows that is no longer so is passed over.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from registry.adapters.dynamodb import keys
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
"""How often a lane is read that others change before its turn comes."""


class DynamoDeliveryOutbox:
    """Implements `DeliveryOutbox`. A claim is told from later ones by the count of attempts.

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

    async def claim(self, webhook_id: str, *, limit: int, lease_seconds: float) -> Sequence[Delivery]:
        now = self._clock.now()
        await fan_out(self._table, now=now)
        webhook = await find_webhook(self._table, webhook_id)
        if webhook is None or webhook.disabled:
            return []
        until = now + timedelta(seconds=lease_seconds)
        claimed: list[Delivery] = []
        after, more = None, True
        while more:
            missing = limit - len(claimed)
            due = await self._due(webhook_id, now, limit=missing, after=after)
            claimed += await self._claim(webhook_id, due, now, until=until)
            # Those that another process was faster to claim leave room for the next.
            more = len(due) == missing and len(claimed) < limit
            after = attribute(due[-1], "id") if due else None
        return claimed

    async def settle(self, delivery: Delivery, *, retry_at: datetime | None = None) -> bool:
        now = self._clock.now()
        claimed = replace(delivery, status=DeliveryStatus.PENDING)
        for _ in range(_TRIES):
            webhook, lane = await self._read_both(keys.webhook_key(delivery.webhook_id), keys.lane_key(delivery))
            if webhook is None or read_webhook(webhook).disabled or lane is None or read_due(lane)[1] != delivery.id:
                return False
            pending = delivery.status is DeliveryStatus.PENDING
            moved = self._move(lane, retry_at or now) if pending else self._leave(lane, now)
            try:
                await self._table.transact([put_unchanged(self._table, claimed, delivery, now=now), moved])
            except ConditionFailed as failed:
                if 0 in failed.items:
                    return False
                continue  # another delivery has joined the lane
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
                keys.webhook_key(webhook_id), keys.delivery_key(webhook_id, delivery_id)
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
            self._table.query(keys.deliveries(webhook_id), after=after, limit=limit, newest_first=True),
        )
        if webhook is None:
            return []
        found = [read_delivery(item) for item in items]
        return given_up(found) if webhook.disabled else found

    async def depth(self) -> int:
        partitions = [keys.lanes(webhook.id) for webhook in await list_enabled(self._table)]
        found = await asyncio.gather(*map(self._table.query_all, partitions))
        return sum(len(waiting_ids(lane)) for lanes in found for lane in lanes)

    async def _due(self, webhook_id: str, now: datetime, *, limit: int, after: str | None = None) -> list[Item]:
        """A webhook's lanes that are due behind a place in the index, longest first, as the index has them."""
        lanes, _ = await self._table.query(keys.due_lanes(webhook_id), after=after, limit=limit, index=True)
        return [lane for lane in lanes if read_due(lane)[0] <= now]

    async def _claim(self, webhook_id: str, due: Sequence[Item], now: datetime, *, until: datetime) -> list[Delivery]:
        """Those of the lanes' first deliveries that nobody else was faster to claim."""
        first = [keys.delivery_key(webhook_id, read_due(lane)[1]) for lane in due]
        found = {delivery.id: delivery for delivery in map(read_delivery, await self._table.batch_get(first))}

        async def claim(lane: Item) -> Delivery | None:
            seen = found.get(read_due(lane)[1])
            if seen is None or seen.status is not DeliveryStatus.PENDING:
                return None
            claimed = replace(seen, attempts=seen.attempts + 1, at=now)
            try:
                await self._table.transact(
                    [put_unchanged(self._table, seen, claimed, now=now), self._move(lane, until)]
                )
            except ConditionFailed:
                return None
            return claimed

        return [claimed for claimed in await asyncio.gather(*map(claim, due)) if claimed is not None]

    def _move(self, lane: Item, due_at: datetime) -> Action:
        """The action that has a lane's first delivery due at another time, where the lane is as it was seen."""
        return self._table.update(
            keys.key_of(lane),
            "SET id = :due",
            condition="id = :seen",
            values={":due": text(due_text(due_at, read_due(lane)[1])), ":seen": lane["id"]},
        )

    def _leave(self, lane: Item, now: datetime) -> Action:
        """The action that takes a lane's first delivery away and has the next one due now."""
        ids = waiting_ids(lane)
        values: Item = {":seen": lane["id"]}
        if len(ids) == 1:
            values[":one"] = number(1)
            return self._table.delete(keys.key_of(lane), condition="id = :seen AND size(waiting) = :one", values=values)
        values[":due"] = text(due_text(now, ids[1]))
        return self._table.update(
            keys.key_of(lane), "SET id = :due REMOVE waiting[0]", condition="id = :seen", values=values
        )

    async def _read_both(self, first: Item, second: Item) -> tuple[Item | None, Item | None]:
        found = {attribute(item, "pk"): item for item in await self._table.batch_get([first, second])}
        return found.get(first["pk"]["S"]), found.get(second["pk"]["S"])


def _crowded() -> Unavailable:
    return Unavailable("The deliveries of this package are being changed by many others; try again.")
