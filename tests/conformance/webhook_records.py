"""What a home of webhooks gives to the conformance suites, and what these share.

An adapter's test module defines a fixture `webhook_home` that returns a `WebhookHome` without records.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from registry.domain.events import EventType
from registry.domain.packages import Package
from registry.domain.webhooks import Delivery, DeliveryStatus, Webhook
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from tests.factories import ManualClock, make_change, make_event, make_package, make_webhook

LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WebhookRecords:
    """The ports as one process has them."""

    packages: PackageStore
    maintenance: RecordMaintenance
    webhooks: WebhookStore
    outbox: DeliveryOutbox


class WebhookHome(Protocol):
    """One set of records, and the clock that all who open it go by."""

    @property
    def clock(self) -> ManualClock: ...

    def open(self) -> AbstractAsyncContextManager[WebhookRecords]:
        """Open the records as one more process would, in the event loop that is running."""


async def subscribe(records: WebhookRecords, *events: EventType, **overrides: Any) -> Webhook:
    """Add a webhook for these events, or for every change of packages."""
    wanted = events or (EventType.PACKAGE_CREATED, EventType.PACKAGE_UPDATED, EventType.PACKAGE_DELETED)
    webhook = make_webhook(events=frozenset(wanted), **overrides)
    await records.webhooks.add(webhook)
    return webhook


async def add_with_event(records: WebhookRecords) -> tuple[Package, str]:
    """A new package with the event of its creation; the event's id."""
    package = make_package()
    event = make_event(package.id)
    await records.packages.add(package, make_change(package.id, events=(event,)))
    return package, event.id


async def change_with_event(records: WebhookRecords, package: Package) -> tuple[Package, str]:
    """The package's next revision with its event; the event's id."""
    event = make_event(package.id, type=EventType.PACKAGE_UPDATED)
    changed = replace(package, revision=package.revision + 1)
    change = make_change(package.id, events=(event,))
    await records.packages.replace(changed, change, expected_revision=package.revision)
    return changed, event.id


async def claim(records: WebhookRecords, webhook: Webhook, *, limit: int = 10) -> Sequence[Delivery]:
    return await records.outbox.claim(webhook.id, limit=limit, lease_seconds=LEASE_SECONDS)


async def end(
    records: WebhookRecords, delivery: Delivery, status: DeliveryStatus = DeliveryStatus.DELIVERED, answer: int = 204
) -> bool:
    """Settle a claimed delivery as ended."""
    return await records.outbox.settle(replace(delivery, status=status, response_status=answer))
