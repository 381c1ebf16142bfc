"""Changed packages leave the caches at the edge: their events are gathered and invalidated by tag, many in one call.

The edge is a webhook of its own kind in the outbox (`EDGE_ID`), so its events are recorded with the change that causes
them, leased by one process at a time, and tried again. Admins do not see it. CloudFront bills each tag, so what no edge
can hold (`Unseen`) is left out.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from registry.domain.edges import package_tag
from registry.domain.errors import NotFound, RegistryError
from registry.domain.events import EventType
from registry.domain.webhooks import EDGE_ID, Delivery, DeliveryStatus, Webhook, new_secret
from registry.ports.clock import Clock
from registry.ports.edge import EdgeCache
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from registry.services.edge.unseen import Unseen
from registry.services.webhooks.deliveries import random_jitter, wait_seconds

_log = structlog.get_logger(__name__)
CHANGES = frozenset(
    {
        EventType.PACKAGE_UPDATED,
        EventType.PACKAGE_DELETED,
        EventType.RATING_COMPLETED,
        EventType.SAFETY_COMPLETED,
    }
)
"""What makes a kept response wrong. A new package is in none: errors are not kept."""
BATCH = 100
"""Tags in one call. CloudFront works on 3,000 of a distribution at a time, and bills each."""
MAX_ATTEMPTS = 6
"""The last try comes 155 s after the first: by then every edge has dropped the response by itself (60 s fresh, 60 s
stale)."""
_GATHER_SECONDS = 2.0
_REGISTER_SECONDS = 60.0


class EdgeObserver(Protocol):
    def invalidated(self, outcome: str, tags: int) -> None:
        """Some changes are through. `outcome`: `done`, `skipped` (no edge can hold the package), `retried` (to be tried
        again) or `failed` (given up)."""


class EdgeInvalidation:
    """Has the edge forget what has changed, in the background of a serving process."""

    def __init__(
        self,
        webhooks: WebhookStore,
        outbox: DeliveryOutbox,
        edge: EdgeCache,
        unseen: Unseen,
        *,
        clock: Clock,
        lease_seconds: float,
        gather_seconds: float = _GATHER_SECONDS,
        jitter: Callable[[], float] = random_jitter,
    ) -> None:
        """`lease_seconds` must be longer than a call can take. `gather_seconds` passes before each call, so that more
        changes share it."""
        self._webhooks = webhooks
        self._outbox = outbox
        self._edge = edge
        self._unseen = unseen
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._gather_seconds = gather_seconds
        self._jitter = jitter
        self.observers: list[EdgeObserver] = []

    async def run(self) -> None:
        """Keep the edge registered until cancelled: a reset removes it with all that is recorded.

        Names are looked at as often, so that each process soon knows which have been private for long.
        """
        while True:
            try:
                await self.register()
                await self._unseen.look()
            except RegistryError as error:
                _log.warning("edge_not_registered", reason=str(error))
            await asyncio.sleep(_REGISTER_SECONDS)

    async def register(self) -> None:
        """Have events recorded for the edge from now on."""
        try:
            await self._webhooks.get(EDGE_ID)
        except NotFound:
            await self._webhooks.add(Webhook(EDGE_ID, "", CHANGES, new_secret(), self._clock.now()))

    async def send_due(self) -> int:
        """Gather, lease and invalidate what has changed; how many events."""
        await asyncio.sleep(self._gather_seconds)
        leased = await self._outbox.lease(EDGE_ID, limit=BATCH, lease_seconds=self._lease_seconds)
        if leased:
            await self._invalidate(leased)
        return len(leased)

    async def _invalidate(self, leased: Sequence[Delivery]) -> None:
        done: str | None = "done"
        left_out: Sequence[Delivery] = ()
        try:
            left_out = await self._unseen.left_out(leased)
            changed = [each for each in leased if each not in left_out]
            tags = sorted({package_tag(each.package_id) for each in changed if each.package_id is not None})
            if tags:
                await self._edge.invalidate(tags, reference=_reference(tags, changed))
        except RegistryError as error:
            done = None
            _log.warning("edge_not_invalidated", changes=len(leased) - len(left_out), reason=str(error))
        settled = (self._settle(each, "skipped" if each in left_out else done) for each in leased)
        outcomes = await asyncio.gather(*settled)
        for observer in self.observers:
            for outcome in dict.fromkeys(outcomes):
                observer.invalidated(outcome, outcomes.count(outcome))

    async def _settle(self, delivery: Delivery, done: str | None) -> str:
        """Record what came of an event (`done`; None: it is to be tried again). Returns its outcome."""
        tried = replace(delivery, at=self._clock.now())
        if done is not None:
            await self._outbox.settle(replace(tried, status=DeliveryStatus.DELIVERED))
            return done
        if delivery.attempts >= MAX_ATTEMPTS:
            await self._outbox.settle(replace(tried, status=DeliveryStatus.FAILED))
            return "failed"
        wait = wait_seconds(delivery.attempts, jitter=self._jitter())
        await self._outbox.settle(tried, retry_at=tried.at + timedelta(seconds=wait))
        return "retried"


async def leave_edge(webhooks: WebhookStore) -> int:
    """Without a distribution nothing is to be recorded for the edge. Raises NotFound where nothing is."""
    await webhooks.remove(EDGE_ID)
    return 0


def _reference(tags: Sequence[str], leased: Sequence[Delivery]) -> str:
    """The same for the same events: if the answer to a call is lost, its repetition is no second invalidation."""
    parts = (*tags, *sorted(each.id for each in leased))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
