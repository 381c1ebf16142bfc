"""What every DeliveryOutbox does: what is recorded is leased once at a time, in order, until it has ended."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import RevisionConflict
from registry.domain.events import EventType
from registry.domain.webhooks import Delivery, DeliveryStatus, payload_of
from tests.conformance.records import RecordBackend, Records
from tests.conformance.webhook_records import (
    LEASE_SECONDS,
    add_with_event,
    change_with_event,
    end,
    lease,
    subscribe,
)
from tests.factories import START, ids, make_change, make_delivery, make_event, make_package, make_rating

LEASE = timedelta(seconds=LEASE_SECONDS)


class DeliveryOutboxContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_every_webhook_that_wants_an_event_gets_it(self, backend: RecordBackend) -> None:
        package = make_package()
        event = make_event(package.id, details={"name": "ünï", "revision": None}, at=START + timedelta(microseconds=1))
        async with backend.open() as records, backend.open() as others:
            wanting = [await subscribe(records, EventType.PACKAGE_CREATED, EventType.UPLOAD_EXPIRED) for _ in range(2)]
            other = await subscribe(records, EventType.PACKAGE_DELETED)
            await records.packages.add(package, make_change(package.id, events=(event,)))

            assert sorted(await others.outbox.due_webhooks()) == sorted(ids(wanting))
            for webhook in wanting:
                expected = Delivery(event.id, webhook.id, event.type, package.id, payload_of(event), START, attempts=1)
                assert list(await lease(others, webhook)) == [expected]
            assert list(await lease(others, other)) == []
            assert await others.outbox.due_webhooks() == []
            assert await others.outbox.depth() == 2

    async def test_refused_change_tells_nothing(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            package, _ = await add_with_event(records)
            webhook = await subscribe(records)
            change = make_change(package.id, events=(make_event(package.id),))
            with pytest.raises(RevisionConflict):
                await records.packages.remove(package.id, change, expected_revision=7)

            assert list(await lease(records, webhook)) == []

    async def test_rating_is_told_behind_its_change(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records, EventType.PACKAGE_UPDATED, EventType.RATING_COMPLETED)
            package, _ = await add_with_event(records)
            package, changed_id = await change_with_event(records, package)
            void, valid = [
                await records.ratings.lease(package.id, token=token, now=backend.clock.now(), until=START + until)
                for token, until in (("void", timedelta()), ("valid", LEASE))
            ]
            assert void is not None
            assert valid is not None
            rating = make_rating(package.id, revision=package.revision)
            event = make_event(package.id, type=EventType.RATING_COMPLETED)

            for holder in (void, valid):
                change = make_change(package.id, events=(event,))
                assert await records.ratings.finish(holder, rating, b"{}", change) == (holder is valid)

            (changed,) = await lease(records, webhook)
            assert changed.id == changed_id
            assert await end(records, changed)
            (rated,) = await lease(records, webhook)
            assert (rated.id, rated.payload) == (event.id, payload_of(event))

    async def test_claimed_by_one_alone(self, backend: RecordBackend) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook = await subscribe(records)
            event_ids = [(await add_with_event(records))[1] for _ in range(12)]

            leases = await asyncio.gather(*(lease(one, webhook, limit=5) for one in (records, others) * 2))

            assert sorted(delivery.id for leased in leases for delivery in leased) == sorted(event_ids)
            assert max(len(leased) for leased in leases) <= 5

    async def test_unsettled_claim_is_free_again_after_its_lease(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            await add_with_event(records)
            async with backend.open() as killed:
                (lost,) = await lease(killed, webhook)
            backend.clock.advance(LEASE - timedelta(seconds=1))
            assert await lease(records, webhook) == []
            backend.clock.advance(timedelta(seconds=1))

            (again,) = await lease(records, webhook)

            assert again == replace(lost, attempts=2, at=START + LEASE)
            assert not await end(records, lost)
            assert await end(records, again)
            assert not await end(records, again)
            backend.clock.advance(LEASE * 2)
            assert await lease(records, webhook) == []

    async def test_waits_until_it_is_tried_again(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            await add_with_event(records)
            (first,) = await lease(records, webhook)
            failed = replace(first, response_status=500, at=START + timedelta(seconds=2))
            assert await records.outbox.settle(failed, retry_at=START + timedelta(seconds=5))
            assert await records.outbox.list_deliveries(webhook.id, limit=9, after=None) == [failed]
            backend.clock.advance(timedelta(seconds=4.999))
            assert await records.outbox.due_webhooks() == []
            assert await lease(records, webhook) == []
            backend.clock.advance(timedelta(seconds=0.001))
            assert await records.outbox.due_webhooks() == [webhook.id]

            (second,) = await lease(records, webhook)

            assert (second.attempts, second.status, second.response_status) == (2, DeliveryStatus.PENDING, 500)

    @pytest.mark.parametrize("ending", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED])
    async def test_order_of_a_package_holds(self, backend: RecordBackend, ending: DeliveryStatus) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook, quick = await subscribe(records), await subscribe(records)
            package, first_id = await add_with_event(records)
            package, second_id = await change_with_event(records, package)
            _, third_id = await change_with_event(others, package)
            _, other_id = await add_with_event(others)

            # The first one fails, and holds the others of its package back, but no other package and no other webhook.
            first, other = await lease(records, webhook)
            assert (first.id, other.id) == (first_id, other_id)
            await records.outbox.settle(first, retry_at=START + timedelta(hours=1))
            assert await end(records, other)
            assert await lease(others, webhook) == []
            assert ids(list(await lease(others, quick))) == [first_id, other_id]

            backend.clock.advance(timedelta(hours=1))
            for expected in (first_id, second_id, third_id):
                (due,) = await lease(others, webhook)
                assert due.id == expected
                assert await end(others, due, ending)
            assert await lease(others, webhook) == []

    async def test_order_holds_while_many_change_and_many_send(self, backend: RecordBackend) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook = await subscribe(records)
            recorded: list[list[str]] = [[], []]
            told: dict[str | None, list[str]] = {}
            under_way: set[str | None] = set()

            async def change(event_ids: list[str]) -> None:
                package, event_id = await add_with_event(records)
                event_ids.append(event_id)
                for _ in range(3):
                    package, event_id = await change_with_event(records, package)
                    event_ids.append(event_id)

            async def send(sender: Records) -> None:
                while sum(map(len, told.values())) < 8:
                    await asyncio.sleep(0.02)
                    for delivery in await lease(sender, webhook, limit=2):
                        assert delivery.package_id not in under_way
                        under_way.add(delivery.package_id)
                        await asyncio.sleep(0.01)
                        told.setdefault(delivery.package_id, []).append(delivery.id)
                        under_way.remove(delivery.package_id)
                        assert await end(sender, delivery)

            async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
                for event_ids in recorded:
                    tasks.create_task(change(event_ids))
                for sender in (records, others) * 2:
                    tasks.create_task(send(sender))

            assert sorted(told.values()) == sorted(recorded)
            assert await others.outbox.depth() == 0

    async def test_deliveries_without_a_package_wait_for_nobody(self, backend: RecordBackend) -> None:
        async with backend.open() as records:
            webhook = await subscribe(records)
            tests = [make_delivery(webhook.id) for _ in range(3)]
            for delivery in tests:
                await records.outbox.add(delivery)

            leased = await lease(records, webhook)

            assert sorted(ids(list(leased))) == sorted(ids(tests))
            assert leased[0].payload == tests[0].payload

    async def test_deliveries_are_listed_newest_first(self, backend: RecordBackend) -> None:
        async with backend.open() as records, backend.open() as others:
            webhook, other = await subscribe(records), await subscribe(records)
            event_ids = [(await add_with_event(records))[1] for _ in range(5)]
            delivered, _ = await lease(records, webhook, limit=2)
            await end(records, delivered)
            await lease(records, other)

            first = await others.outbox.list_deliveries(webhook.id, limit=3, after=None)
            second = await others.outbox.list_deliveries(webhook.id, limit=3, after=first[-1].id)

            assert ids([*first, *second]) == event_ids[::-1]
            assert second[-1] == replace(delivered, status=DeliveryStatus.DELIVERED, response_status=204)
