"""Webhooks as admins see them: register, list, delete, look into deliveries, test, replay."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from registry.domain.errors import InvalidInput, NotFound, WebhookDisabled
from registry.domain.events import Event, EventType
from registry.domain.webhooks import EDGE_ID, Delivery, Webhook, check_secret, new_secret, payload_of
from registry.ports.clock import Clock, IdSource
from registry.ports.webhooks import DeliveryOutbox, WebhookSender, WebhookStore


class Webhooks:
    """Callers come as admins; what may be registered is decided here."""

    def __init__(
        self,
        store: WebhookStore,
        outbox: DeliveryOutbox,
        sender: WebhookSender,
        *,
        clock: Clock,
        ids: IdSource,
        max_webhooks: int,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._ids = ids
        self._max_webhooks = max_webhooks

    async def register(self, url: str, events: AbstractSet[EventType], *, secret: str | None) -> Webhook:
        """Add a webhook, with a secret made for it when none is given. Raises InvalidInput."""
        if secret is not None:
            check_secret(secret)
        await self._sender.check(url)
        # Every change is written once for each webhook that wants it. Registrations at the same moment may pass it.
        if len(await self.list_webhooks(limit=self._max_webhooks, after=None)) == self._max_webhooks:
            raise InvalidInput(f"there are {self._max_webhooks} webhooks, as many as the settings allow; delete one")
        webhook = Webhook(
            id=self._ids.new_id(),
            url=url,
            events=frozenset(events),
            secret=secret or new_secret(),
            created_at=self._clock.now(),
        )
        await self._store.add(webhook)
        return webhook

    async def get(self, webhook_id: str) -> Webhook:
        """The webhook. Raises NotFound."""
        _check(webhook_id)
        return await self._store.get(webhook_id)

    async def list_webhooks(self, *, limit: int, after: str | None) -> Sequence[Webhook]:
        """The next webhooks, oldest first."""
        # The edge's id is before all others: no page begins in front of it.
        return await self._store.list_webhooks(limit=limit, after=after or EDGE_ID)

    async def remove(self, webhook_id: str) -> None:
        """Remove a webhook with its deliveries. Raises NotFound."""
        _check(webhook_id)
        await self._store.remove(webhook_id)

    async def list_deliveries(self, webhook_id: str, *, limit: int, after: str | None) -> Sequence[Delivery]:
        """The next deliveries, newest first. Raises NotFound for an unknown webhook."""
        await self.get(webhook_id)
        return await self._outbox.list_deliveries(webhook_id, limit=limit, after=after)

    async def test(self, webhook_id: str) -> Delivery:
        """Send an event of the type `webhook.test`, whatever it subscribes to. Raises NotFound, WebhookDisabled."""
        webhook = await self._enabled(webhook_id)
        event = Event(self._ids.new_id(), EventType.TEST, self._clock.now(), None, {"webhook_id": webhook.id})
        delivery = Delivery(event.id, webhook.id, event.type, event.package_id, payload_of(event), event.at)
        await self._outbox.add(delivery)
        return delivery

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Send a delivery again, under its own id. Raises NotFound, WebhookDisabled."""
        await self._enabled(webhook_id)
        return await self._outbox.replay(webhook_id, delivery_id)

    async def _enabled(self, webhook_id: str) -> Webhook:
        webhook = await self.get(webhook_id)
        if webhook.disabled:
            raise WebhookDisabled(
                "The webhook is disabled, since its receiver answered 410 Gone. Delete it and add it again."
            )
        return webhook


def _check(webhook_id: str) -> None:
    """The cache at the edge is no webhook of an admin's."""
    if webhook_id == EDGE_ID:
        raise NotFound(f"There is no webhook {webhook_id}.")
