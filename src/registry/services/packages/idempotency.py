"""Requests that may be repeated: the first answer is kept and given again."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from registry.domain.errors import IdempotencyKeyReused
from registry.domain.packages import KeptAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answering(Generic[T]):
    """How the answer to an idempotent request is made and told from others.

    `key` is unique per user and route; `fingerprint_of` takes the content's sha256 (None without content) and gives the
    request's fingerprint; `answer_of` gives status, headers and body of the answer for what the request made.
    """

    key: str
    fingerprint_of: Callable[[str | None], str]
    answer_of: Callable[[T], tuple[int, tuple[tuple[str, str], ...], bytes]]

    def keep(self, made: T, sha256: str | None, *, expires_at: datetime) -> KeptAnswer:
        """The answer, to be stored in the write that makes `made`."""
        status, headers, body = self.answer_of(made)
        return KeptAnswer(self.key, self.fingerprint_of(sha256), status, headers, body, expires_at)


def same_request(kept: KeptAnswer, fingerprint: str) -> KeptAnswer:
    """The kept answer, where it was given to this very request. Raises IdempotencyKeyReused."""
    if not hmac.compare_digest(kept.fingerprint, fingerprint):
        raise IdempotencyKeyReused(
            "this Idempotency-Key was used for another request; use a fresh key for each new request"
        )
    return kept
