"""What happens in a registry that others want to hear of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """What happens. TEST is sent on request only; nobody subscribes to it."""

    RATING_COMPLETED = "rating.completed"
    SAFETY_COMPLETED = "safety.completed"
    PACKAGE_CREATED = "package.created"
    PACKAGE_UPDATED = "package.updated"
    PACKAGE_DELETED = "package.deleted"
    UPLOAD_EXPIRED = "upload.expired"
    ALIAS_MOVED = "alias.moved"
    TEST = "webhook.test"


SUBSCRIBABLE = frozenset(EventType) - {EventType.TEST}
"""What a webhook may ask for."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Events of one package are sent in their order, those without a package in any.

    `id` is a UUIDv7 and becomes the `webhook-id` of its deliveries. `details` are further public members.
    """

    id: str
    type: EventType
    at: datetime
    package_id: str | None
    details: Mapping[str, str | int | float | None] = field(default_factory=dict)
