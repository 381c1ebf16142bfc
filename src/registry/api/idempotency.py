"""The header Idempotency-Key."""

import hashlib
from typing import Any

from starlette.requests import Request

from registry.domain.accounts import Caller
from registry.domain.errors import InvalidInput

MAX_KEY_LENGTH = 255
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "a fresh key for each new request; repeating a request with its key gives the first answer again",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}


def scoped_key(request: Request, caller: Caller) -> str | None:
    """The key under which the request's answer is kept, for this user and route only. Raises InvalidInput."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (1 <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput(f"1 to {MAX_KEY_LENGTH} printable ASCII characters", pointer="/Idempotency-Key")
    return hashed_key(caller.account_id, request.method, request.url.path, key)


def hashed_key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
