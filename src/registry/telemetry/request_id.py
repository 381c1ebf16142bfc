"""The id of the request that is being answered, for log lines and problem documents."""

import re
import secrets
from collections.abc import Iterator
from contextvars import ContextVar

HEADER = b"x-request-id"
_current: ContextVar[str] = ContextVar("request_id", default="")
_ECHOED = re.compile(rb"[ -~]{1,128}")


def _draw() -> Iterator[str]:
    """Random ids, 256 to a system call: each call takes 2 µs and lets another thread have the interpreter."""
    while True:
        digits = secrets.token_hex(16 * 256)
        yield from (digits[place : place + 32] for place in range(0, len(digits), 32))


_fresh_ids = _draw()


def current_request_id() -> str:
    """The id of this request, empty outside of one."""
    return _current.get()


def identity_of(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The client's id when it is 1 to 128 printable ASCII characters, else a fresh one."""
    for name, value in headers:
        if name == HEADER and _ECHOED.fullmatch(value):
            return value
    return next(_fresh_ids).encode()


def begin_request(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Adopt the request's id as the current one."""
    identity = identity_of(headers)
    _current.set(identity.decode("ascii"))
    return identity
