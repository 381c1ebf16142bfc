"""When a delivery is tried again, when it is given up, and what a receiver can ask for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from registry.domain.errors import InvalidInput, Unavailable
from registry.domain.webhooks import Delivery, DeliveryStatus, Webhook, check_secret, new_secret
from registry.ports.webhooks import Answered, SendError
from registry.services.webhooks.deliveries import MAX_ATTEMPTS, Deliveries, wait_seconds
from tests.factories import START, ManualClock, make_delivery, make_webhook


class ScriptedSender:
    """Implements `WebhookSender`: gives one answer after the other, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answered | SendError] = [Answered(204)]
        self.sent: list[str] = []
        self.under_way = self.most_at_once = 0

    async def check(self, url: str) -> None:
        raise AssertionError("addresses are checked by who registers them")

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Answered:
        self.sent.append(headers["webhook-id"])
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, SendError):
            raise answer
        return answer


@dataclass
class Setting:
    """A webhook and all that sends to it. `outcomes` are what observers were told."""

    clock: ManualClock
    database: SqliteDatabase
    webhooks: SqliteWebhookStore
    outbox: SqliteDeliveryOutbox
    sender: ScriptedSender
    deliveries: Deliveries
    webhook: Webhook
    outcomes: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(outcome)
        self.ended.set()

    async def add(self) -> Delivery:
        delivery = make_delivery(self.webhook.id)
        await self.outbox.add(delivery)
        return delivery

    async def only(self) -> Delivery:
        (delivery,) = await self.outbox.list_deliveries(self.webhook.id, limit=2, after=None)
        return delivery

    async def send(self) -> int:
        return await self.deliveries.send_due(self.webhook.id)

    async def seconds_until_due(self) -> float:
        (due_at,) = self.database.fetch_one("SELECT due_at FROM deliveries")
        (at,) = self.database.fetch_one("SELECT at FROM deliveries")
        return float((due_at - at) / 1_000_000)


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    clock, sender = ManualClock(), ScriptedSender()
    database = await SqliteDatabase.open(tmp_path / "registry.db")
    webhooks, outbox = SqliteWebhookStore(database, clock), SqliteDeliveryOutbox(database, clock)
    deliveries = Deliveries(webhooks, outbox, sender, clock=clock, lease_seconds=30, jitter=lambda: 0.0)
    made = Setting(clock, database, webhooks, outbox, sender, deliveries, make_webhook())
    deliveries.observers.append(made)
    await webhooks.add(made.webhook)
    yield made
    await database.close()


async def test_tries_for_a_day_at_doubling_waits(setting: Setting) -> None:
    await setting.add()
    setting.sender.answers = [Answered(500), SendError("nobody listens")]
    waits = []
    while (await setting.only()).status is DeliveryStatus.PENDING:
        assert await setting.send() == 1
        if (await setting.only()).status is DeliveryStatus.PENDING:
            waits.append(await setting.seconds_until_due())
            setting.clock.advance(timedelta(seconds=waits[-1] - 0.001))
            assert await setting.send() == 0
            setting.clock.advance(timedelta(seconds=0.001))

    assert waits == [5.0 * 2**number for number in range(MAX_ATTEMPTS - 1)]
    assert timedelta(hours=22) < timedelta(seconds=sum(waits)) < timedelta(days=1)
    given_up = await setting.only()
    assert (given_up.status, given_up.attempts, given_up.response_status) == (DeliveryStatus.FAILED, MAX_ATTEMPTS, None)
    assert setting.outcomes == ["retried"] * (MAX_ATTEMPTS - 1) + ["failed"]
    assert not (await setting.webhooks.get(setting.webhook.id)).disabled
    assert len(set(setting.sender.sent)) == 1


async def test_replay_gives_another_day(setting: Setting) -> None:
    delivery = await setting.add()
    setting.sender.answers = [Answered(500)]
    for _ in range(MAX_ATTEMPTS):
        assert await setting.send() == 1
        setting.clock.advance(timedelta(days=1))

    await setting.outbox.replay(setting.webhook.id, delivery.id)
    await setting.send()

    assert await setting.seconds_until_due() == 5.0
    assert (await setting.only()).attempts == MAX_ATTEMPTS + 1


def test_jitter_moves_a_wait_by_a_tenth_at_most() -> None:
    assert (wait_seconds(1, jitter=-1), wait_seconds(1, jitter=0), wait_seconds(1, jitter=1)) == (4.5, 5.0, 5.5)
    assert wait_seconds(3, jitter=1) == 22.0


async def test_own_jitter_stays_in_its_bounds(setting: Setting) -> None:
    own = Deliveries(setting.webhooks, setting.outbox, setting.sender, clock=setting.clock, lease_seconds=30)
    setting.sender.answers = [Answered(500)]
    await setting.add()
    await own.send_due(setting.webhook.id)

    assert 4.5 <= await setting.seconds_until_due() <= 5.5


@pytest.mark.parametrize(("asked", "waited"), [(None, 5.0), (1, 5.0), (120, 120.0), (10**9, 3600.0)])
async def test_receiver_may_ask_for_a_longer_wait(setting: Setting, asked: int | None, waited: float) -> None:
    await setting.add()
    setting.sender.answers = [Answered(429, asked)]
    await setting.send()

    assert await setting.seconds_until_due() == waited
    assert (await setting.only()).response_status == 429


async def test_410_disables_the_webhook(setting: Setting) -> None:
    await setting.add()
    setting.sender.answers = [Answered(410)]
    await setting.send()

    assert (await setting.webhooks.get(setting.webhook.id)).disabled
    gone = await setting.only()
    assert (gone.status, gone.attempts, gone.response_status) == (DeliveryStatus.FAILED, 1, 410)
    assert setting.outcomes == ["failed"]


async def test_delivered_is_delivered(setting: Setting) -> None:
    await setting.add()
    setting.sender.answers = [Answered(302), Answered(299)]
    await setting.send()
    setting.clock.advance(timedelta(seconds=5))
    await setting.send()

    done = await setting.only()
    assert (done.status, done.attempts, done.response_status) == (DeliveryStatus.DELIVERED, 2, 299)
    assert done.at == START + timedelta(seconds=5)
    assert setting.outcomes == ["retried", "delivered"]
    assert await setting.deliveries.depth() == 0


async def test_few_are_sent_side_by_side(setting: Setting) -> None:
    for _ in range(10):
        await setting.add()

    counts = [await setting.send() for _ in range(4)]

    assert counts == [4, 4, 2, 0]
    assert setting.sender.most_at_once == 4
    assert len(set(setting.sender.sent)) == 10


class FullOutbox(SqliteDeliveryOutbox):
    async def settle(self, delivery: Delivery, *, retry_at: datetime | None = None) -> bool:
        raise Unavailable("The record store has no space left.")


async def test_what_cannot_be_settled_is_sent_again(setting: Setting) -> None:
    delivery = await setting.add()
    full = FullOutbox(setting.database, setting.clock)
    unlucky = Deliveries(setting.webhooks, full, setting.sender, clock=setting.clock, lease_seconds=30)

    assert await unlucky.send_due(setting.webhook.id) == 1
    assert (await setting.only()).status is DeliveryStatus.PENDING
    setting.clock.advance(timedelta(seconds=30))
    assert await setting.send() == 1

    assert setting.sender.sent == [delivery.id, delivery.id]
    assert (await setting.only()).status is DeliveryStatus.DELIVERED


async def test_runs_until_it_is_cancelled(setting: Setting) -> None:
    await setting.add()
    running = asyncio.create_task(setting.deliveries.run())
    await setting.ended.wait()
    assert (await setting.only()).status is DeliveryStatus.DELIVERED
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_secrets() -> None:
    assert new_secret() != new_secret()
    check_secret(new_secret())
    check_secret("whsec_" + "AAAA" * 8)
    refused = [
        "",
        "whsec_",
        "AAAA" * 8,
        "WHSEC_" + "AAAA" * 8,
        "whsec_" + "AAAA" * 7,
        "whsec_" + "AAAA" * 22,
        "whsec_" + "A" * 33,
        "whsec_" + "AAA-" * 8,
        "whsec_" + "AAAA " * 8,
        "whsec_" + "ÄÄÄÄ" * 8,
    ]
    for secret in refused:
        with pytest.raises(InvalidInput):
            check_secret(secret)
