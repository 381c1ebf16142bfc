"""The outbox of events: what a change leaves in its own transaction, and how it becomes deliveries.

A change puts each of its events as one item, whoever listens, so it costs no call. Whoever sends (or lists, or adds a
webhook) turns these into a delivery for each webhook: in one transaction that ends the event, so that two who do this
at once make one set of deliveries. Where many webhooks want it, some transactions before the last one make a part of
the deliveries each, guarded by the event being there; one that was cut off is taken up again, and finds what there is.

Who gets it: webhooks are read after the event, so one whose `add` had returned before the event was recorded is among
them. `add` empties the outbox first: what was recorded before is ended by then, and is not sent again. An event
recorded while `add` runs may be sent or not.

In which order: events of a package are sorted by the revision of the record, which rises with each change; a rating
comes after the change that it rates, ratings of one revision by their ids. They are neighbours in one partition, so
that no query can meet a later one and have missed an earlier.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from registry.adapters.dynamodb import keys, webhook_keys
from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, binary, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT
from registry.adapters.dynamodb.webhook_items import delivery_item, joining, list_enabled
from registry.domain.events import Event, EventType
from registry.domain.webhooks import Delivery, DeliveryStatus, payload_of

_ACTIONS_PER_WEBHOOK = 2
WEBHOOKS_AT_ONCE = (TRANSACTION_ACTIONS - 1) // _ACTIONS_PER_WEBHOOK
_PRESENT = "attribute_exists(pk)"
_PACKAGES_AT_ONCE = 16
_PLACES = {EventType.RATING_COMPLETED: 1, EventType.PACKAGE_DELETED: 2}
"""Among the events of one revision; others come first."""


def event_items(events: Iterable[Event], *, revision: int = 0) -> list[Item]:
    """The events of a change, to be put in its transaction. `revision` is that of the package they are about."""
    return [
        {
            **webhook_keys.event_key(event, revision=revision, place=_PLACES.get(event.type, 0)),
            "event_id": text(event.id),
            "event": text(event.type.value),
            "payload": binary(payload_of(event)),
            "happened_at": text(event.at.isoformat()),
            **({} if event.package_id is None else {"package_id": text(event.package_id)}),
        }
        for event in events
    ]


async def fan_out(table: DynamoTable, *, now: datetime) -> None:
    """Make the deliveries of every event that was recorded before this call. Four queries while there is none."""
    after: dict[str, str | None] = dict.fromkeys(webhook_keys.event_shards())
    while after:
        pages = await asyncio.gather(*(table.query(shard, after=place) for shard, place in after.items()))
        await _send_all(table, [event for events, _ in pages for event in events], now=now)
        after = {
            shard: attribute(events[-1], "sk") for shard, (events, last) in zip(after, pages, strict=True) if not last
        }


async def _send_all(table: DynamoTable, events: Sequence[Item], *, now: datetime) -> None:
    if not events:
        return
    webhooks = await list_enabled(table)  # after the events, see above
    unwanted: list[Item] = []
    queues: defaultdict[str, list[tuple[Item, list[str]]]] = defaultdict(list)
    for event in events:
        wanting = [webhook.id for webhook in webhooks if EventType(attribute(event, "event")) in webhook.events]
        if wanting:
            queues[attribute(event, "sk").partition("#")[0]].append((event, wanting))
        else:
            unwanted.append(event)
    at_once = asyncio.Semaphore(_PACKAGES_AT_ONCE)

    async def send_in_order(events: Sequence[tuple[Item, list[str]]]) -> None:
        async with at_once:
            for event, wanting in events:
                await _send(table, event, wanting, now=now)

    await asyncio.gather(
        table.batch_write([{"DeleteRequest": {"Key": keys.key_of(event)}} for event in unwanted]),
        *map(send_in_order, queues.values()),
    )


async def _send(table: DynamoTable, event: Item, webhook_ids: Sequence[str], *, now: datetime) -> None:
    key = keys.key_of(event)
    ending = table.delete(key, condition=_PRESENT)
    guard = table.check(key, condition=_PRESENT)
    for start in range(0, len(webhook_ids), WEBHOOKS_AT_ONCE):
        part = webhook_ids[start : start + WEBHOOKS_AT_ONCE]
        last = start + WEBHOOKS_AT_ONCE >= len(webhook_ids)
        deliveries = [_delivery(event, webhook_id) for webhook_id in part]
        if not await _deliver(table, ending if last else guard, deliveries, now=now):
            return  # another process has ended it


async def _deliver(table: DynamoTable, guard: Action, deliveries: list[Delivery], *, now: datetime) -> bool:
    """Put those of the deliveries that are not there, with `guard`. False when its condition does not hold.

    One that finds its queue full has failed at once: it can be replayed.
    """
    full: set[str] = set()
    while True:
        joins = [each for each in deliveries if each.webhook_id not in full]
        made = [replace(each, status=DeliveryStatus.FAILED) if each.webhook_id in full else each for each in deliveries]
        puts = [table.put(delivery_item(each, now=now), condition=ABSENT) for each in made]
        try:
            await table.transact([guard, *puts, *(joining(table, each, now=now) for each in joins)])
        except ConditionFailed as failed:
            if 0 in failed.items:
                return False
            queues = enumerate(joins, 1 + len(puts))
            full |= {each.webhook_id for place, each in queues if place in failed.items}
            deliveries = [each for place, each in enumerate(deliveries, 1) if place not in failed.items]
        else:
            return True


def _delivery(event: Item, webhook_id: str) -> Delivery:
    return Delivery(
        id=attribute(event, "event_id"),
        webhook_id=webhook_id,
        event=EventType(attribute(event, "event")),
        package_id=attribute(event, "package_id"),
        payload=attribute(event, "payload", "B"),
        at=datetime.fromisoformat(attribute(event, "happened_at")),
    )
