"""Webhooks: who gets which events, and each sending as a delivery.

Requests follow Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, and a JSON body of `type`, `timestamp` and `data`.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from registry.domain.documents import format_time
from registry.domain.errors import InvalidInput
from registry.domain.events import Event, EventType

SECRET_PREFIX = "whsec_"  # noqa: S105  (what every secret begins with)
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
"""The specification's bounds: 192 to 512 bits."""
DELIVERIES_KEPT = timedelta(days=30)
"""How long a delivery that has ended can be listed and replayed."""
EDGE_ID = "00000000-0000-7000-8000-000000000000"
"""The webhook that stands for the cache at the edge. It is before all others, and no admin's."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who wants events. `secret` signs and must not be shown again; a disabled one gets nothing."""

    id: str
    url: str
    events: frozenset[EventType]
    secret: str = field(repr=False)
    created_at: datetime
    disabled: bool = False


class DeliveryStatus(StrEnum):
    """PENDING: still to be sent, or sent again. FAILED: given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `id` is the event's, so it is unique within the webhook and stays through repeats.

    `at` is when it was last tried (before that: when the event happened). `attempts` counts tries that were begun, and
    never falls; `earlier_attempts` of them were made before it was last replayed. `response_status` is the last answer,
    None without one.
    """

    id: str
    webhook_id: str
    event: EventType
    package_id: str | None
    payload: bytes
    at: datetime
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    earlier_attempts: int = 0
    response_status: int | None = None


def payload_of(event: Event) -> bytes:
    """The body of every request about the event, byte for byte: it is what is signed."""
    data = {"package_id": event.package_id, **event.details}
    body = {"type": event.type.value, "timestamp": format_time(event.at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def new_secret() -> str:
    """A fresh signing secret of 256 bits."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def check_secret(secret: str) -> None:
    """Raises InvalidInput for a client's own secret that is not `whsec_` and base64 of 24 to 64 bytes."""
    try:
        fits = secret.startswith(SECRET_PREFIX) and MIN_SECRET_BYTES <= len(_key(secret)) <= MAX_SECRET_BYTES
    except (binascii.Error, ValueError):
        fits = False
    if not fits:
        raise InvalidInput(
            f"{SECRET_PREFIX} and the base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes; "
            "leave it out to have one made",
            pointer="/secret",
        )


def signed_headers(delivery: Delivery, secret: str, *, at: datetime) -> dict[str, str]:
    """The three headers of a request made at `at`: HMAC-SHA256 over `id.timestamp.payload`, scheme `v1`."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((delivery.id.encode(), timestamp.encode(), delivery.payload))
    signature = base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()
    return {"webhook-id": delivery.id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}
