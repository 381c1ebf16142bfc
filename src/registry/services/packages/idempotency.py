"""Requests that may be repeated: the first one is recorded, and its response is given again."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from registry.domain.errors import IdempotencyKeyReused
from registry.domain.idempotency import IdempotencyRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IdempotentRequest(Generic[T]):
    """A request that its client may repeat.

    `key` is unique per user and route; `fingerprint_of` takes the content's SHA-256 (None without content) and gives
    the request's fingerprint; `response_of` encodes the response for what the request made.
    """

    key: str
    fingerprint_of: Callable[[str | None], str]
    response_of: Callable[[T], bytes]

    def record(self, made: T, made_id: str, sha256: str | None, *, expires_at: datetime) -> IdempotencyRecord:
        """The record, to be stored in the write that makes `made`."""
        return IdempotencyRecord(self.key, self.fingerprint_of(sha256), made_id, self.response_of(made), expires_at)


def same_request(first: IdempotencyRecord, fingerprint: str) -> IdempotencyRecord:
    """The record, where it is of this very request. Raises IdempotencyKeyReused."""
    if not hmac.compare_digest(first.fingerprint, fingerprint):
        raise IdempotencyKeyReused(
            "this Idempotency-Key was used for another request; use a fresh key for each new request"
        )
    return first
