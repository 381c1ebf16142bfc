"""Requests that a client may repeat: what the first one made, and the response that all of them get."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What the first request with an `Idempotency-Key` made, and its response.

    `key` is unique per user and route, `fingerprint` (hex SHA-256) distinguishes requests with the same key. `made_id`
    is the id of the package or upload that the request made. `response` is given again as it is: only the layer that
    encoded it reads it.
    """

    key: str
    fingerprint: str
    made_id: str
    response: bytes
    expires_at: datetime
