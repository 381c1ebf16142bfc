"""The id of the request that is being answered, for log lines and problem documents."""

import re
import secrets
from contextvars import ContextVar

HEADER = b"x-request-id"
_current: ContextVar[str] = ContextVar("request_id", default="")
_ECHOED = re.compile(rb"[ -~]{1,128}")


def current_request_id() -> str:
    """The id of this request, empty outside of one."""
    return _current.get()


def begin_request(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Adopt the client's id when it is 1 to 128 printable ASCII characters, else make one."""
    for name, value in headers:
        if name == HEADER and _ECHOED.fullmatch(value):
            _current.set(value.decode("ascii"))
            return value
    fresh = secrets.token_hex(16)
    _current.set(fresh)
    return fresh.encode()
