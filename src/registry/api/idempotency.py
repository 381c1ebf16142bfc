"""The header Idempotency-Key."""

import hashlib
from typing import Any

import orjson
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
    """The key of the request's idempotency record, for this user and route only. Raises InvalidInput."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (1 <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput(f"1 to {MAX_KEY_LENGTH} printable ASCII characters", pointer="/Idempotency-Key")
    return hashed_key(caller.account_id, request.method, request.url.path, key)


def hashed_key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


ResponseParts = tuple[int, tuple[tuple[str, str], ...], bytes]
"""Status, headers and body."""


def encode_response(parts: ResponseParts) -> bytes:
    """A response as an idempotency record keeps it: a line of JSON with status and headers, then the body."""
    status, headers, body = parts
    return orjson.dumps([status, headers]) + b"\n" + body


def decode_response(recorded: bytes) -> ResponseParts:
    """What `encode_response` was given."""
    head, _, body = recorded.partition(b"\n")
    status, headers = orjson.loads(head)
    return status, tuple((name, value) for name, value in headers), body
