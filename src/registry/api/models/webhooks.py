"""Bodies of requests and answers about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from registry.api.models.packages import Answer, Id
from registry.api.models.requests import SourceUrl, Strict
from registry.domain.events import SUBSCRIBABLE, EventType
from registry.domain.webhooks import DeliveryStatus

WEBHOOK_EXAMPLE: dict[str, Any] = {
    "id": "01934d30-1f0a-7b52-8a3e-5d4c3b2a1908",
    "url": "https://ci.example.org/hooks/registry",
    "events": ["package.created", "package.deleted"],
    "status": "active",
    "created_at": "2026-11-23T15:43:00.123Z",
}
WEBHOOK_SECRET_EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105  (nobody's)
DELIVERY_EXAMPLE: dict[str, Any] = {
    "id": "01934d31-77c1-7d0e-9b1f-0a1b2c3d4e5f",
    "event": "package.created",
    "status": "delivered",
    "attempts": 1,
    "response_status": 204,
    "at": "2026-11-23T15:43:01.456Z",
}


def _subscribable(event: EventType) -> EventType:
    if event not in SUBSCRIBABLE:
        raise ValueError(f"is one of {', '.join(sorted(SUBSCRIBABLE))}")
    return event


_NAMES = sorted(event.value for event in SUBSCRIBABLE)
SubscribableEvent = Annotated[
    EventType,
    Field(strict=False, description="a type of event", json_schema_extra={"enum": _NAMES}),
    AfterValidator(_subscribable),
]


class NewWebhookBody(Strict):
    url: SourceUrl
    events: Annotated[list[SubscribableEvent], Field(min_length=1, max_length=50)]
    secret: Annotated[
        str | None,
        Field(max_length=128, description="`whsec_` and the base64 of 24 to 64 random bytes; null: one is made"),
    ] = None


class WebhookModel(Answer):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WEBHOOK_EXAMPLE]})

    id: Id
    url: str
    events: list[EventType]
    status: Annotated[
        Literal["active", "disabled"], Field(description="disabled: its receiver answered 410 Gone, nothing is sent")
    ]
    created_at: datetime


class NewWebhookModel(WebhookModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [WEBHOOK_EXAMPLE | {"secret": WEBHOOK_SECRET_EXAMPLE}]}
    )

    secret: Annotated[str, Field(description="verifies signatures; shown this once")]


class DeliveryModel(Answer):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [DELIVERY_EXAMPLE]})

    id: Annotated[Id, Field(description="the header `webhook-id`, the same in every attempt")]
    event: EventType
    status: Annotated[DeliveryStatus, Field(description="failed: given up after a day, or after 410 Gone")]
    attempts: int
    response_status: Annotated[int | None, Field(description="of the last attempt; null when there was no answer")]
    at: Annotated[datetime, Field(description="the last attempt; before the first, the event")]
