"""How events become deliveries where processes meet, are cut off, or come late. The rest is the conformance suite's."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from registry.adapters.dynamodb import outbox, webhook_items, webhook_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action
from registry.adapters.dynamodb.webhook_items import list_enabled
from registry.domain.events import EventType
from registry.domain.webhooks import Delivery, DeliveryStatus, Webhook
from tests.conformance.records import Records
from tests.conformance.webhook_records import add_with_event, change_with_event, end, lease, subscribe
from tests.dynamodb.samples import next_revision, open_records, package, places
from tests.factories import ManualClock, ids, make_change, make_event, make_id

READING = "registry.adapters.dynamodb.outbox.list_enabled"


class CutOff(Exception):
    """The process ended here."""


@pytest.fixture
def records(table: DynamoTable, clock: ManualClock) -> Records:
    return open_records(table, clock)


async def log(records: Records, webhook: Webhook) -> Sequence[Delivery]:
    return await records.outbox.list_deliveries(webhook.id, limit=50, after=None)


class SlowProcess:
    """A process that sends and, when it has read the webhooks, waits until it is told to go on."""

    def __init__(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        self._has_read, self._may_go_on = asyncio.Event(), asyncio.Event()

        async def read_and_wait(table: DynamoTable) -> list[Webhook]:
            monkeypatch.setattr(READING, list_enabled)  # the next one does not wait
            found = await list_enabled(table)
            self._has_read.set()
            await self._may_go_on.wait()
            return found

        monkeypatch.setattr(READING, read_and_wait)
        self._sending = asyncio.create_task(self._send(records))

    async def _send(self, records: Records) -> None:
        await records.outbox.due_webhooks()

    async def has_read(self) -> None:
        await self._has_read.wait()

    async def goes_on(self) -> None:
        self._may_go_on.set()
        await self._sending


async def test_told_in_the_order_of_revisions_whatever_the_ids(records: Records) -> None:
    webhook = await subscribe(records)
    # Ids of hosts whose clocks differ: each is lower than the one before.
    removed_id, updated_id, created_id = make_id(), make_id(), make_id()
    created = package()
    updated = next_revision(created)
    created_event = make_event(created.id, id=created_id)
    updated_event = make_event(created.id, id=updated_id, type=EventType.PACKAGE_UPDATED)
    removed_event = make_event(created.id, id=removed_id, type=EventType.PACKAGE_DELETED)
    await records.packages.add(created, make_change(created.id, events=(created_event,)))
    change = make_change(created.id, events=(updated_event,))
    await records.packages.replace(updated, change, expected_revision=1)
    await records.packages.remove(created.id, make_change(created.id, events=(removed_event,)), expected_revision=2)

    for expected in (created_id, updated_id, removed_id):
        (delivery,) = await lease(records, webhook)
        assert delivery.id == expected
        assert await end(records, delivery)


async def test_a_webhook_is_not_told_of_what_was_recorded_before_it(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await subscribe(records)
    _, event_id = await add_with_event(records)
    slow = SlowProcess(records, monkeypatch)
    await slow.has_read()
    added = await subscribe(records)
    await slow.goes_on()

    assert ids(await log(records, there)) == [event_id]
    assert await log(records, added) == []


async def test_more_webhooks_than_a_transaction_takes(
    records: Records, table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WEBHOOKS_AT_ONCE", 2)
    webhooks = [await subscribe(records) for _ in range(5)]
    _, event_id = await add_with_event(records)
    transact = table.transact
    left = 2

    async def transact_until_cut_off(actions: Sequence[Action]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise CutOff
        await transact(actions)

    monkeypatch.setattr(table, "transact", transact_until_cut_off)
    with pytest.raises(CutOff):
        await records.outbox.due_webhooks()
    monkeypatch.setattr(table, "transact", transact)

    assert sorted(await records.outbox.due_webhooks()) == sorted(ids(webhooks))
    for webhook in webhooks:
        assert ids(await log(records, webhook)) == [event_id]
    assert await records.outbox.depth() == 5
    assert not any(partition.startswith("E#") for partition, _ in await places(table))


async def test_what_finds_its_lane_full_has_failed(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_items, "MOST_WAITING", 2)
    slow, quick = await subscribe(records), await subscribe(records)
    changed, first = await add_with_event(records)
    changed, second = await change_with_event(records, changed)
    (delivery,) = await lease(records, quick)
    assert await end(records, delivery)
    _, third = await change_with_event(records, changed)

    assert [(each.id, each.status) for each in await log(records, slow)] == [
        (third, DeliveryStatus.FAILED),
        (second, DeliveryStatus.PENDING),
        (first, DeliveryStatus.PENDING),
    ]
    assert [each.status for each in await log(records, quick)].count(DeliveryStatus.PENDING) == 2
    (delivery,) = await lease(records, slow)
    assert await end(records, delivery)
    assert (await records.outbox.replay(slow.id, third)).status is DeliveryStatus.PENDING


async def test_the_sweep_clears_up_behind_a_removed_one_and_behind_latecomers(
    records: Records, table: DynamoTable, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await subscribe(records)
    changed, _ = await add_with_event(records)
    assert len(await log(records, webhook)) == 1
    await change_with_event(records, changed)
    slow = SlowProcess(records, monkeypatch)
    await slow.has_read()
    await records.webhooks.remove(webhook.id)
    assert await records.maintenance.purge_expired(clock.now()) == 1
    await slow.goes_on()
    assert await left_of_webhooks(table) != {("ended webhooks", webhook.id)}
    clock.advance(timedelta(minutes=1))

    assert await records.maintenance.purge_expired(clock.now()) == 1

    assert await left_of_webhooks(table) == set()


async def test_the_sweep_fails_what_is_pending_of_a_disabled_one(
    records: Records, table: DynamoTable, clock: ManualClock
) -> None:
    webhook = await subscribe(records)
    changed, first = await add_with_event(records)
    _, second = await change_with_event(records, changed)
    await records.webhooks.disable(webhook.id)
    clock.advance(timedelta(minutes=1))

    await records.maintenance.purge_expired(clock.now())

    places_of_log = {(webhook_keys.deliveries(webhook.id), delivery_id) for delivery_id in (first, second)}
    assert await left_of_webhooks(table) == {("webhooks", webhook.id), *places_of_log}
    for delivery_id in (first, second):
        item = await table.get(webhook_keys.delivery_key(webhook.id, delivery_id))
        assert item is not None
        assert item["delivery_status"] == {"S": "failed"}
        assert "expires_at" in item


async def left_of_webhooks(table: DynamoTable) -> set[tuple[str, str]]:
    """The places of webhooks, of events, and of all that comes of them."""
    return {place for place in await places(table) if place[0].startswith(("E#", "Q#", "D#", "webhooks", "ended"))}
