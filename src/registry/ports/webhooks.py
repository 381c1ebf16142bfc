"""Where webhooks and their deliveries are kept, and how a delivery leaves.

Events are recorded by PackageStore with the change itself (`Change.events`), and by other stores with theirs. Every
webhook that wants an event's type gets a delivery of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.webhooks import Delivery, Webhook


class WebhookStore(Protocol):
    """Webhooks by id. Changes are durable when they return and seen by every process from then on."""

    async def add(self, webhook: Webhook) -> None:
        """Add a webhook: it gets every event that is recorded from now on, and of none from before this call.

        One that is recorded while it runs may be sent or not.
        """

    async def get(self, webhook_id: str) -> Webhook:
        """The webhook. Raises NotFound."""

    async def list_webhooks(self, *, limit: int, after: str | None) -> Sequence[Webhook]:
        """The next webhooks by id, oldest first, after the id `after`."""

    async def disable(self, webhook_id: str) -> None:
        """Send it nothing more; what is pending for it fails. No error when it is gone."""

    async def remove(self, webhook_id: str) -> None:
        """Remove a webhook; its deliveries are neither sent nor listed any more. Raises NotFound."""


class DeliveryOutbox(Protocol):
    """Deliveries, shared by all processes that send.

    At most one delivery of a webhook and package is on its way or waits for its next try; those recorded later stand
    behind it until it is delivered or given up. Deliveries without a package wait for nobody.
    """

    async def due_webhooks(self) -> Sequence[str]:
        """Ids of webhooks, not disabled, that `lease` has something for now. Cheap: asked every second."""

    async def lease(self, webhook_id: str, *, limit: int, lease_seconds: float) -> Sequence[Delivery]:
        """Deliveries to send now, longest due first; nobody else gets them before the lease ends.

        Their attempt is counted already: one that is not settled (the process died) is due again after the lease.
        """

    async def settle(self, delivery: Delivery, *, retry_at: datetime | None = None) -> bool:
        """Record what came of a leased attempt: its new status, `response_status` and `at`.

        A PENDING one is due again at `retry_at`; one that has ended lets the package's next one go. False, and nothing
        is changed, when the lease is no longer held: another process has it, or the delivery has ended or is gone.
        """

    async def add(self, delivery: Delivery) -> None:
        """Add a delivery that no recorded event caused (a test)."""

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Make a delivery that has ended pending again; as it is then.

        It waits its turn where others of its package are pending. One that is pending stays as it is. Raises NotFound.
        """

    async def list_deliveries(self, webhook_id: str, *, limit: int, after: str | None) -> Sequence[Delivery]:
        """The next deliveries of a webhook, newest first, after the delivery id `after`."""

    async def depth(self) -> int:
        """How many deliveries are pending, but for those of events that `due_webhooks` has not looked at yet."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver answered. `retry_after_seconds` is its wish, None without one."""

    status: int
    retry_after_seconds: int | None = None


class SendError(Exception):
    """There was no answer: refused address, no connection, no time. Its text is fit for logs."""


class WebhookSender(Protocol):
    async def check(self, url: str) -> None:
        """Raises InvalidInput for an address that must not be reached: private, loopback, link-local, not http(s).

        A name that has no address at the moment passes: it is judged again with every delivery.
        """

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Answered:
        """Send one request, redirects not followed. Raises SendError, within the sender's time limit."""
