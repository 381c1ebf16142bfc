"""Webhooks and what was sent to them; for administrators."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from registry.client.models import Document
from registry.client.paging import walk
from registry.client.transport import Transport, read


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent to. `secret` is there only in the answer that made it; `status` is active or disabled."""

    id: str
    url: str
    events: tuple[str, ...]
    status: str
    created_at: datetime
    secret: str | None = field(default=None, repr=False)
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["id"],
            members["url"],
            tuple(members["events"]),
            members["status"],
            datetime.fromisoformat(members["created_at"]),
            members.get("secret"),
            members,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `id` is the header `webhook-id`; `response_status` is None without an answer."""

    id: str
    event: str
    status: str
    attempts: int
    response_status: int | None
    at: datetime
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["id"],
            members["event"],
            members["status"],
            members["attempts"],
            members["response_status"],
            datetime.fromisoformat(members["at"]),
            members,
        )


class Webhooks:
    """`client.webhooks`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def add(self, url: str, events: Iterable[str], *, secret: str | None = None) -> Webhook:
        """Have these types of events sent to `url`. The answer alone holds the secret that verifies them.

        `secret` is your own (`whsec_…`); one is made when it is left out. Raises InvalidRequest, also for an address
        inside the registry's own network.
        """
        body: dict[str, Any] = {"url": url, "events": list(events)}
        if secret is not None:
            body["secret"] = secret
        return read(await self._transport.call("POST", "/webhooks", json=body), Webhook.from_json)

    def list_all(self, *, page_size: int = 200) -> AsyncIterator[Webhook]:
        """Every webhook, oldest first, without its secret."""
        return walk(self._transport, "/webhooks", Webhook.from_json, page_size=page_size)

    async def delete(self, webhook_id: str) -> None:
        """Remove a webhook; what was still to be sent to it is not sent. Raises NotFound."""
        await self._transport.call("DELETE", _path(webhook_id))

    def deliveries(self, webhook_id: str, *, page_size: int = 200) -> AsyncIterator[Delivery]:
        """What was sent and is to be sent, newest first. Raises NotFound."""
        return walk(self._transport, f"{_path(webhook_id)}/deliveries", Delivery.from_json, page_size=page_size)

    async def test(self, webhook_id: str) -> Delivery:
        """Have an event of the type `webhook.test` sent. Raises NotFound, Conflict when the webhook is disabled."""
        return read(await self._transport.call("POST", f"{_path(webhook_id)}/test"), Delivery.from_json)

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Have a delivery sent again, under its own id. Raises NotFound, Conflict when the webhook is disabled."""
        path = f"{_path(webhook_id)}/deliveries/{quote(delivery_id, safe='')}/replay"
        # The same delivery is pending once, however often that is asked for.
        return read(await self._transport.call("POST", path, repeatable=True), Delivery.from_json)


def _path(webhook_id: str) -> str:
    return f"/webhooks/{quote(webhook_id, safe='')}"
