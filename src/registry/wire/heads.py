"""What a request's head must be before the application sees it (RFC 9110, RFC 9112)."""

import re
from dataclasses import dataclass

MAX_TARGET_BYTES = 8 * 1024
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 128
"""Fields of a head, and of a chunked body's trailer section. Browsers send some 20."""
_LINE_BYTES = len(b"GET  HTTP/1.1\r\n\r\n")
_FIELD_BYTES = len(b": \r\n")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
REQUEST_LINE = re.compile(rb"[A-Z]{1,32} [!-~]+ HTTP/")
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request gets no further than its head, as a status and a sentence for the client."""

    status: int
    detail: str


TARGET_TOO_LONG = Refusal(414, f"The request target is longer than {MAX_TARGET_BYTES} bytes.")
HEAD_TOO_LARGE = Refusal(431, f"The request's head is larger than {MAX_HEAD_BYTES} bytes.")
TOO_MANY_HEADERS = Refusal(431, f"The request has more than {MAX_HEADERS} header or trailer fields.")
UNREADABLE = Refusal(400, "What arrived is not a well-formed HTTP request.")
UNKNOWN_METHOD = Refusal(501, "The method is unknown. Send GET, HEAD, POST, PUT, PATCH or DELETE.")
_UNKNOWN_CODING = Refusal(501, "The only transfer coding that is understood is `chunked`.")
_CODING_IN_1_0 = Refusal(400, "HTTP/1.0 has no Transfer-Encoding. Send Content-Length.")
_NO_HOST = Refusal(400, "A request needs exactly one Host header.")
_BAD_HOST = Refusal(400, "The Host header is not a host name with an optional port.")


def refusal_of(target: bytes, headers: list[Header], *, version: str) -> Refusal | None:
    """Why a request with this head is refused; None where it is good. `headers` have lower-case names."""
    if version not in ("1.0", "1.1"):
        return UNREADABLE
    size, hosts = len(target) + _LINE_BYTES, 0
    for name, value in headers:
        size += len(name) + len(value) + _FIELD_BYTES
        if name == b"host":
            hosts += 1
            if not _HOST.fullmatch(value):
                return _BAD_HOST
        elif name == b"transfer-encoding":
            if version != "1.1":
                return _CODING_IN_1_0
            # A coding that is passed over would let two parsers see two different bodies.
            if value.strip().lower() != b"chunked":
                return _UNKNOWN_CODING
    if size > MAX_HEAD_BYTES:
        return HEAD_TOO_LARGE
    return _NO_HOST if hosts > 1 or (hosts == 0 and version == "1.1") else None
