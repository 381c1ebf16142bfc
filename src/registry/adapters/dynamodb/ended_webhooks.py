"""Clearing up after webhooks that were disabled or removed. Nothing of theirs is sent from that moment on anyway."""

import contextlib
from datetime import datetime, timedelta

from registry.adapters.dynamodb import keys, webhook_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.webhook_items import (
    find_webhook,
    given_up,
    put_unchanged,
    read_delivery,
    waiting_ids,
)
from registry.domain.webhooks import DeliveryStatus

_LATECOMERS = timedelta(minutes=1)
"""Who read the webhook just before it ended may make deliveries for it until a while after."""


async def clear_ended_webhooks(table: DynamoTable, *, now: datetime) -> int:
    """Fail what is pending of the disabled ones, drop what there is of the removed ones; how many were dropped."""
    dropped = 0
    for ended in await table.query_all(webhook_keys.ENDED_WEBHOOKS):
        webhook_id = attribute(ended, "sk")
        if await find_webhook(table, webhook_id) is None:
            dropped += await _drop(table, webhook_keys.deliveries(webhook_id))
            await _drop(table, webhook_keys.queues(webhook_id))
        else:
            await _fail_pending(table, webhook_id, now=now)
        if datetime.fromisoformat(attribute(ended, "ended_at")) + _LATECOMERS <= now:
            await table.transact([table.delete(keys.key_of(ended))])
    return dropped


async def _drop(table: DynamoTable, partition: str) -> int:
    dropped, last = 0, False
    while not last:
        items, last = await table.query(partition)
        await table.batch_write([{"DeleteRequest": {"Key": keys.key_of(item)}} for item in items])
        dropped += len(items)
    return dropped


async def _fail_pending(table: DynamoTable, webhook_id: str, *, now: datetime) -> None:
    for queue in await table.query_all(webhook_keys.queues(webhook_id)):
        wanted = [webhook_keys.delivery_key(webhook_id, delivery_id) for delivery_id in waiting_ids(queue)]
        pending = [
            delivery
            for delivery in map(read_delivery, await table.batch_get(wanted))
            if delivery.status is DeliveryStatus.PENDING
        ]
        for old, new in zip(pending, given_up(pending), strict=True):
            await _unless_changed(table, put_unchanged(table, old, new, now=now))
        seen: Item = {":seen": queue["waiting"]}
        await _unless_changed(table, table.delete(keys.key_of(queue), condition="waiting = :seen", values=seen))


async def _unless_changed(table: DynamoTable, action: Action) -> None:
    with contextlib.suppress(ConditionFailed):
        await table.transact([action])
