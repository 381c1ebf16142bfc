"""Webhooks in DynamoDB. Their secrets are kept as they are, since every delivery is signed with them."""

from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import webhook_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, text
from registry.adapters.dynamodb.outbox import fan_out
from registry.adapters.dynamodb.webhook_items import find_webhook, read_webhook, webhook_item
from registry.domain.errors import NotFound
from registry.domain.webhooks import Webhook
from registry.ports.clock import Clock

_PRESENT = "attribute_exists(pk)"


class DynamoWebhookStore:
    """Implements `WebhookStore`. What was recorded before `add` is sent to those there are first: see `outbox`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def add(self, webhook: Webhook) -> None:
        await fan_out(self._table, now=self._clock.now())
        await self._table.transact([self._table.put(webhook_item(webhook))])

    async def get(self, webhook_id: str) -> Webhook:
        webhook = await find_webhook(self._table, webhook_id)
        if webhook is None:
            raise unknown_webhook(webhook_id)
        return webhook

    async def list_webhooks(self, *, limit: int, after: str | None) -> Sequence[Webhook]:
        items, _ = await self._table.query(webhook_keys.WEBHOOKS, after=after, limit=limit)
        return [read_webhook(item) for item in items]

    async def disable(self, webhook_id: str) -> None:
        now = self._clock.now()
        await fan_out(self._table, now=now)  # what was recorded before has failed, and is in its log
        disabled = self._table.update(
            webhook_keys.webhook_key(webhook_id),
            "SET disabled = :true",
            condition=_PRESENT,
            values={":true": {"BOOL": True}},
        )
        try:
            await self._table.transact([disabled, self._table.put(_ended_item(webhook_id, now=now))])
        except ConditionFailed:
            return

    async def remove(self, webhook_id: str) -> None:
        removed = self._table.delete(webhook_keys.webhook_key(webhook_id), condition=_PRESENT)
        ended = self._table.put(_ended_item(webhook_id, now=self._clock.now()))
        try:
            await self._table.transact([removed, ended])
        except ConditionFailed:
            raise unknown_webhook(webhook_id) from None


def unknown_webhook(webhook_id: str) -> NotFound:
    return NotFound(f"There is no webhook {webhook_id}.")


def _ended_item(webhook_id: str, *, now: datetime) -> Item:
    """Has the sweep clear up after a webhook that was disabled or removed: its deliveries may be many."""
    return {**webhook_keys.ended_webhook_key(webhook_id), "ended_at": text(now.isoformat())}
