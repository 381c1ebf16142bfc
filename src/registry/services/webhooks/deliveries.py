"""Sending deliveries: at least once, in order for each package and webhook, again and again over a day.

Every webhook with something due is served by a task of its own, so that a slow receiver holds up nobody else. A
delivery is leased: should this process die, another one sends it once the lease has ended.
"""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.domain.webhooks import Delivery, DeliveryStatus, Webhook, signed_headers
from registry.ports.clock import Clock
from registry.ports.webhooks import Answered, DeliveryOutbox, SendError, WebhookSender, WebhookStore

_log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 15
"""The waits between them double: 5 s, 10 s, … 11.4 h. The last try comes 22.8 hours after the first."""
FIRST_WAIT_SECONDS = 5.0
_JITTER = 0.1
_MAX_ASKED_WAIT_SECONDS = 3600
_AT_ONCE = 4
_POLL_SECONDS = 1.0
_GONE = 410
SendDue = Callable[[], Awaitable[int]]
"""Sends what is due for one webhook; how many deliveries."""


class DeliveryObserver(Protocol):
    def observe(self, outcome: str, seconds: float) -> None:
        """One attempt has ended. `outcome`: `delivered`, `retried` (to be tried again) or `failed` (given up)."""


def wait_seconds(attempt: int, *, jitter: float) -> float:
    """The wait after the `attempt`-th try (from 1). `jitter` from -1 to 1 moves it by up to a tenth."""
    return float(FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * (1 + _JITTER * jitter))


def random_jitter() -> float:
    """From -1 to 1."""
    return random.uniform(-1, 1)  # noqa: S311 – spreads tries, hides nothing


class Deliveries:
    """The sending side of webhooks, in the background of a serving process."""

    def __init__(
        self,
        webhooks: WebhookStore,
        outbox: DeliveryOutbox,
        sender: WebhookSender,
        *,
        clock: Clock,
        lease_seconds: float,
        jitter: Callable[[], float] = random_jitter,
        senders: Mapping[str, SendDue] | None = None,
    ) -> None:
        """`lease_seconds` must be longer than an attempt can take. `senders` are those of webhooks that are no URL, by
        id."""
        self._webhooks = webhooks
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._jitter = jitter
        self._senders = senders or {}
        self._busy: set[str] = set()
        self.observers: list[DeliveryObserver] = []

    async def depth(self) -> int:
        """How many deliveries are pending, in all processes together."""
        return await self._outbox.depth()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    due = await self._outbox.due_webhooks()
                except RegistryError as error:
                    _log.warning("deliveries_not_listed", reason=str(error))
                    due = ()
                for webhook_id in due:
                    if webhook_id not in self._busy:
                        self._busy.add(webhook_id)
                        tasks.create_task(self._serve(webhook_id))
                await asyncio.sleep(_POLL_SECONDS)

    async def _serve(self, webhook_id: str) -> None:
        try:
            send = self._senders.get(webhook_id) or functools.partial(self.send_due, webhook_id)
            while await send():
                pass
        except NotFound:
            return  # removed meanwhile
        except RegistryError as error:
            # What was leased is due again after its lease.
            _log.warning("deliveries_wait", webhook_id=webhook_id, reason=str(error))
        finally:
            self._busy.discard(webhook_id)

    async def send_due(self, webhook_id: str) -> int:
        """Lease some deliveries of a webhook, send them concurrently, and settle them; how many. Raises NotFound."""
        webhook = await self._webhooks.get(webhook_id)
        leased = await self._outbox.lease(webhook_id, limit=_AT_ONCE, lease_seconds=self._lease_seconds)
        async with asyncio.TaskGroup() as tasks:
            for delivery in leased:
                tasks.create_task(self._attempt(webhook, delivery))
        return len(leased)

    async def _attempt(self, webhook: Webhook, delivery: Delivery) -> None:
        began = asyncio.get_running_loop().time()
        now = self._clock.now()
        headers = signed_headers(delivery, webhook.secret, at=now)
        answer, reason = None, None
        try:
            answer = await self._sender.post(webhook.url, delivery.payload, headers=headers)
        except SendError as error:
            reason = str(error)
        try:
            outcome = await self._settle(delivery, answer)
        except RegistryError as error:
            # Nobody knows that it was sent: it is due again after its lease.
            _log.warning("delivery_not_settled", delivery_id=delivery.id, reason=str(error))
            return
        seconds = asyncio.get_running_loop().time() - began
        for observer in self.observers:
            observer.observe(outcome, seconds)
        if outcome != "delivered":
            status = answer.status if answer else None
            _log.info(
                "delivery_not_made",
                webhook_id=webhook.id,
                delivery_id=delivery.id,
                attempt=delivery.attempts,
                outcome=outcome,
                status=status,
                reason=reason,
            )

    async def _settle(self, delivery: Delivery, answer: Answered | None) -> str:
        tried = replace(delivery, at=self._clock.now(), response_status=answer.status if answer else None)
        if answer is not None and 200 <= answer.status < 300:
            await self._outbox.settle(replace(tried, status=DeliveryStatus.DELIVERED))
            return "delivered"
        attempt = delivery.attempts - delivery.earlier_attempts
        gone = answer is not None and answer.status == _GONE
        if gone or attempt >= MAX_ATTEMPTS:
            await self._outbox.settle(replace(tried, status=DeliveryStatus.FAILED))
            if gone:
                # Standard Webhooks: the receiver wants nothing more, and the sender is to stop.
                await self._webhooks.disable(delivery.webhook_id)
            return "failed"
        wait = max(wait_seconds(attempt, jitter=self._jitter()), _asked_wait(answer))
        await self._outbox.settle(tried, retry_at=tried.at + timedelta(seconds=wait))
        return "retried"


def _asked_wait(answer: Answered | None) -> int:
    """The receiver's Retry-After, within bounds: nobody may put a delivery off for years."""
    return min(answer.retry_after_seconds or 0, _MAX_ASKED_WAIT_SECONDS) if answer else 0
