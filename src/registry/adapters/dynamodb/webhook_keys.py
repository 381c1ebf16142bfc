"""Keys of webhooks, their events and deliveries; `keys` has the list of all items."""

from registry.adapters.dynamodb.keys import SHARDS, Item, key, shard_of
from registry.domain.events import Event
from registry.domain.webhooks import Delivery

WEBHOOKS = "webhooks"
ENDED_WEBHOOKS = "ended webhooks"


def event_key(event: Event, *, revision: int, place: int) -> Item:
    """Sorts the events of a package by the revision they are of, then by `place`, then by their ids."""
    queue = event.package_id or event.id
    return key(f"E#{shard_of(queue)}", f"{queue}#{revision:010d}#{place}#{event.id}")


def event_shards() -> list[str]:
    """The partitions of the events that were not sent yet."""
    return [f"E#{shard}" for shard in range(SHARDS)]


def webhook_key(webhook_id: str) -> Item:
    return key(WEBHOOKS, webhook_id)


def ended_webhook_key(webhook_id: str) -> Item:
    return key(ENDED_WEBHOOKS, webhook_id)


def deliveries(webhook_id: str) -> str:
    """The partition of a webhook's deliveries."""
    return f"D#{webhook_id}"


def delivery_key(webhook_id: str, delivery_id: str) -> Item:
    return key(deliveries(webhook_id), delivery_id)


def queues(webhook_id: str) -> str:
    """The partition of a webhook's queues."""
    return f"Q#{webhook_id}"


def queue_key(delivery: Delivery) -> Item:
    return key(queues(delivery.webhook_id), delivery.package_id or delivery.id)


def due_queues(webhook_id: str) -> str:
    """The partition of the index that holds a webhook's queues by the time when they are due."""
    return f"due#{webhook_id}"
