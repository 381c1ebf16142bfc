"""Webhooks, deliveries and the queues they wait in, as items and back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from registry.adapters.dynamodb import webhook_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, binary, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.events import EventType
from registry.domain.webhooks import DELIVERIES_KEPT, Delivery, DeliveryStatus, Webhook

MOST_WAITING = 1_000
"""So many deliveries of a webhook and package may wait: the ids in a queue's item stay far below its 400 KB."""


def webhook_item(webhook: Webhook) -> Item:
    return {
        **webhook_keys.webhook_key(webhook.id),
        "url": text(webhook.url),
        "events": {"L": [text(event) for event in sorted(webhook.events)]},
        "secret": text(webhook.secret),
        "created_at": text(webhook.created_at.isoformat()),
        "disabled": {"BOOL": webhook.disabled},
    }


def read_webhook(item: Item) -> Webhook:
    return Webhook(
        id=attribute(item, "sk"),
        url=attribute(item, "url"),
        events=frozenset(EventType(event["S"]) for event in attribute(item, "events", "L")),
        secret=attribute(item, "secret"),
        created_at=datetime.fromisoformat(attribute(item, "created_at")),
        disabled=attribute(item, "disabled", "BOOL"),
    )


async def find_webhook(table: DynamoTable, webhook_id: str) -> Webhook | None:
    item = await table.get(webhook_keys.webhook_key(webhook_id))
    return None if item is None else read_webhook(item)


async def list_enabled(table: DynamoTable) -> list[Webhook]:
    """All webhooks that get events."""
    webhooks = map(read_webhook, await table.query_all(webhook_keys.WEBHOOKS))
    return [webhook for webhook in webhooks if not webhook.disabled]


def delivery_item(delivery: Delivery, *, now: datetime) -> Item:
    """A delivery. What has ended expires, counted from `now`."""
    item: Item = {
        **webhook_keys.delivery_key(delivery.webhook_id, delivery.id),
        "event": text(delivery.event.value),
        "payload": binary(delivery.payload),
        "tried_at": text(delivery.at.isoformat()),
        "delivery_status": text(delivery.status.value),
        "attempts": number(delivery.attempts),
        "earlier_attempts": number(delivery.earlier_attempts),
    }
    if delivery.package_id is not None:
        item["package_id"] = text(delivery.package_id)
    if delivery.response_status is not None:
        item["response_status"] = number(delivery.response_status)
    if delivery.status is not DeliveryStatus.PENDING:
        item["expires_at"] = number(int((now + DELIVERIES_KEPT).timestamp()))
    return item


def read_delivery(item: Item) -> Delivery:
    response_status = attribute(item, "response_status", "N")
    return Delivery(
        id=attribute(item, "sk"),
        webhook_id=attribute(item, "pk").removeprefix("D#"),
        event=EventType(attribute(item, "event")),
        package_id=attribute(item, "package_id"),
        payload=attribute(item, "payload", "B"),
        at=datetime.fromisoformat(attribute(item, "tried_at")),
        status=DeliveryStatus(attribute(item, "delivery_status")),
        attempts=int(attribute(item, "attempts", "N")),
        earlier_attempts=int(attribute(item, "earlier_attempts", "N")),
        response_status=None if response_status is None else int(response_status),
    )


def put_unchanged(table: DynamoTable, old: Delivery, new: Delivery, *, now: datetime) -> Action:
    """The action that puts `new` where `old` is as it was."""
    values = {":status": text(old.status.value), ":attempts": number(old.attempts)}
    return table.put(
        delivery_item(new, now=now), condition="delivery_status = :status AND attempts = :attempts", values=values
    )


def joining(table: DynamoTable, delivery: Delivery, *, now: datetime) -> Action:
    """The action that has a delivery wait at the end of its queue; where there was none, it is due now.

    Its condition fails where too many wait already.
    """
    return table.update(
        webhook_keys.queue_key(delivery),
        "SET waiting = list_append(if_not_exists(waiting, :none), :one), "
        "status_shard = :queues, id = if_not_exists(id, :due)",
        condition="attribute_not_exists(waiting) OR size(waiting) < :most",
        values={
            ":none": {"L": []},
            ":one": {"L": [text(delivery.id)]},
            ":queues": text(webhook_keys.due_queues(delivery.webhook_id)),
            ":due": text(due_text(now, delivery.id)),
            ":most": number(MOST_WAITING),
        },
    )


def due_text(at: datetime, delivery_id: str) -> str:
    """When the first delivery of a queue is due, as the index sorts it, with that delivery's id."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')}#{delivery_id}"


def read_due(queue: Item) -> tuple[datetime, str]:
    """The inverse of `due_text`, of a queue or its entry in the index."""
    due_at, _, delivery_id = attribute(queue, "id").partition("#")
    return datetime.fromisoformat(due_at), delivery_id


def waiting_ids(queue: Item) -> list[str]:
    """The deliveries of a queue in their order; the first is the one that is due or on its way."""
    return [delivery_id["S"] for delivery_id in attribute(queue, "waiting", "L")]


def given_up(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Deliveries of a disabled webhook: what is pending has failed."""
    return [
        replace(delivery, status=DeliveryStatus.FAILED) if delivery.status is DeliveryStatus.PENDING else delivery
        for delivery in deliveries
    ]
