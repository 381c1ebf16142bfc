"""What every DeliveryOutbox does with deliveries that have ended: send them again, or forget them in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import NotFound
from registry.domain.webhooks import DELIVERIES_KEPT, DeliveryStatus
from tests.conformance.records import RecordBackend
from tests.conformance.webhook_records import add_with_event, change_with_event, end, lease, subscribe
from tests.factories import make_id


class DeliveryReplayContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("ending", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED])
    async def test_replayed_under_its_own_id(self, backend: RecordBackend, ending: DeliveryStatus) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook, other = await subscribe(records), await subscribe(records)
            await add_with_event(records)
            (delivery,) = await lease(records, webhook)
            await end(records, delivery, ending, 503)

            replayed = await others.outbox.replay(webhook.id, delivery.id)

            assert replayed == replace(delivery, earlier_attempts=1, response_status=503)
            assert list(await lease(records, webhook)) == [replace(replayed, attempts=2)]
            assert len(await lease(records, other)) == 1

    async def test_pending_one_is_left_to_its_turn(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            await add_with_event(records)
            (delivery,) = await lease(records, webhook)

            assert await records.outbox.replay(webhook.id, delivery.id) == delivery

            assert await lease(records, webhook) == []
            assert await end(records, delivery)

    async def test_replay_waits_for_others_of_its_package(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            package, first_id = await add_with_event(records)
            _, second_id = await change_with_event(records, package)
            (first,) = await lease(records, webhook)
            await end(records, first, DeliveryStatus.FAILED)
            (second,) = await lease(records, webhook)
            await records.outbox.replay(webhook.id, first_id)
            assert await lease(records, webhook) == []

            await end(records, second)

            (replayed,) = await lease(records, webhook)
            assert (second.id, replayed.id) == (second_id, first_id)

    async def test_unknown_ones_cannot_be_replayed(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook, other = await subscribe(records), await subscribe(records, url="https://other.example/")
            _, event_id = await add_with_event(records)
            await records.webhooks.remove(other.id)

            for webhook_id, delivery_id in ((webhook.id, make_id()), (make_id(), event_id), (other.id, event_id)):
                with pytest.raises(NotFound):
                    await records.outbox.replay(webhook_id, delivery_id)

    async def test_ended_ones_are_forgotten_in_time(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            for _ in range(3):
                await add_with_event(records)
            old, failed, pending = await lease(records, webhook)
            await end(records, old)
            backend.clock.advance(timedelta(days=1))
            await end(records, failed, DeliveryStatus.FAILED)

            # What is shorter-lived goes before.
            await records.maintenance.purge_expired(pending.at + DELIVERIES_KEPT - timedelta(seconds=1))
            dropped = await records.maintenance.purge_expired(pending.at + DELIVERIES_KEPT)

            assert dropped == 1
            log = await records.outbox.list_deliveries(webhook.id, limit=9, after=None)
            assert [(delivery.id, delivery.status) for delivery in log] == [
                (pending.id, DeliveryStatus.PENDING),
                (failed.id, DeliveryStatus.FAILED),
            ]
