"""What the suites of webhooks and deliveries share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from registry.domain.events import EventType
from registry.domain.packages import Package
from registry.domain.webhooks import Delivery, DeliveryStatus, Webhook
from tests.conformance.records import Records
from tests.factories import make_change, make_event, make_package, make_webhook

LEASE_SECONDS = 30.0


async def subscribe(records: Records, *events: EventType, **overrides: Any) -> Webhook:
    """Add a webhook for these events, or for every change of packages."""
    wanted = events or (EventType.PACKAGE_CREATED, EventType.PACKAGE_UPDATED, EventType.PACKAGE_DELETED)
    webhook = make_webhook(events=frozenset(wanted), **overrides)
    await records.webhooks.add(webhook)
    return webhook


async def add_with_event(records: Records) -> tuple[Package, str]:
    """A new package with the event of its creation; the event's id."""
    package = make_package()
    event = make_event(package.id)
    await records.packages.add(package, make_change(package.id, events=(event,)))
    return package, event.id


async def change_with_event(records: Records, package: Package) -> tuple[Package, str]:
    """The package's next revision with its event; the event's id."""
    event = make_event(package.id, type=EventType.PACKAGE_UPDATED)
    changed = replace(package, revision=package.revision + 1)
    change = make_change(package.id, events=(event,))
    await records.packages.replace(changed, change, expected_revision=package.revision)
    return changed, event.id


async def lease(records: Records, webhook: Webhook, *, limit: int = 10) -> Sequence[Delivery]:
    return await records.outbox.lease(webhook.id, limit=limit, lease_seconds=LEASE_SECONDS)


async def end(
    records: Records, delivery: Delivery, status: DeliveryStatus = DeliveryStatus.DELIVERED, answer: int = 204
) -> bool:
    """Settle a leased delivery as ended."""
    return await records.outbox.settle(replace(delivery, status=status, response_status=answer))
