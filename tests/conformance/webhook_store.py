"""What every WebhookStore does."""

import pytest

from registry.domain.errors import NotFound
from registry.domain.events import EventType
from registry.domain.webhooks import DeliveryStatus
from tests.conformance.records import RecordBackend
from tests.conformance.webhook_records import add_with_event, end, lease, subscribe
from tests.factories import make_account, make_id, make_webhook


class WebhookStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_gives_back_what_was_added(self, backend: RecordBackend) -> None:
        every_event = make_webhook(url="https://a.example/?q=ü#", events=frozenset(EventType))
        async with backend.open() as records, backend.open() as others:
            one_event = await subscribe(records, EventType.UPLOAD_EXPIRED)
            await records.webhooks.add(every_event)

            assert await others.webhooks.get(one_event.id) == one_event
            assert await others.webhooks.get(every_event.id) == every_event
            with pytest.raises(NotFound):
                await records.webhooks.get(make_id())

    async def test_pages_oldest_first(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            added = [await subscribe(records) for _ in range(5)]

            first = await records.webhooks.list_webhooks(limit=3, after=None)
            second = await records.webhooks.list_webhooks(limit=3, after=first[-1].id)

            assert [*first, *second] == sorted(added, key=lambda webhook: webhook.id)

    async def test_removed_one_is_told_nothing(self, backend: RecordBackend) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook, other = await subscribe(records), await subscribe(records)
            await add_with_event(records)
            assert len(await lease(records, other)) == 1

            await records.webhooks.remove(webhook.id)

            assert await others.outbox.due_webhooks() == []
            assert await lease(others, webhook) == []
            assert await others.outbox.list_deliveries(webhook.id, limit=9, after=None) == []
            assert await others.outbox.depth() == 1
            await add_with_event(records)
            assert await lease(others, webhook) == []
            assert len(await lease(others, other)) == 1
            for action in (others.webhooks.get, others.webhooks.remove):
                with pytest.raises(NotFound):
                    await action(webhook.id)
            assert await records.webhooks.list_webhooks(limit=9, after=None) == [other]
            await records.maintenance.purge_expired(backend.clock.now())
            assert await records.outbox.depth() == 2

    async def test_disabled_one_is_told_nothing_and_keeps_its_log(self, backend: RecordBackend) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook, other = await subscribe(records), await subscribe(records)
            for _ in range(3):
                await add_with_event(records)
            sent, under_way = (await lease(records, webhook, limit=2))[:2]
            assert await end(records, sent)

            await records.webhooks.disable(webhook.id)
            await records.webhooks.disable(make_id())

            assert (await others.webhooks.get(webhook.id)).disabled
            assert not (await others.webhooks.get(other.id)).disabled
            assert await others.outbox.due_webhooks() == [other.id]
            assert await lease(others, webhook) == []
            assert not await end(others, under_way)
            await add_with_event(records)
            log = await others.outbox.list_deliveries(webhook.id, limit=9, after=None)
            assert sorted(delivery.status for delivery in log) == sorted(
                [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.FAILED]
            )
            assert await others.outbox.depth() == 4

    async def test_reset_drops_them(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            await add_with_event(records)

            await records.maintenance.reset(make_account(name="admin"))

            assert await records.webhooks.list_webhooks(limit=9, after=None) == []
            assert await records.outbox.due_webhooks() == []
            assert await records.outbox.depth() == 0
            await records.webhooks.add(webhook)
            assert await lease(records, webhook) == []
