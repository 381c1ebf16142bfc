"""Problem documents for requests that never reach the application, as they go out on the wire."""

import http

import orjson
import structlog

from registry.api.problems import HTTP_PROBLEMS, PROBLEM_MEDIA_TYPE
from registry.telemetry.request_id import identity_of
from registry.wire.heads import Header, Refusal

_log = structlog.get_logger(__name__)
_MAX_INSTANCE_BYTES = 512


def early_problem(refusal: Refusal, *, target: bytes, headers: list[Header]) -> bytes:
    """The whole response, after which the connection is closed. It is logged, since no route sees the request."""
    kind = HTTP_PROBLEMS[refusal.status]
    request_id = identity_of(headers)
    body = orjson.dumps(
        {
            "type": f"/problems/{kind.slug}",
            "title": kind.title,
            "status": kind.status,
            "detail": refusal.detail,
            "instance": target.partition(b"?")[0][:_MAX_INSTANCE_BYTES].decode("latin-1") or "/",
            "request_id": request_id.decode("ascii"),
        }
    )
    _log.info("request_refused", status=kind.status, detail=refusal.detail, request_id=request_id.decode("ascii"))
    retry = b"Retry-After: 5\r\n" if kind.status == 503 else b""
    head = (
        f"HTTP/1.1 {kind.status} {http.HTTPStatus(kind.status).phrase}\r\nContent-Type: {PROBLEM_MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
    )
    return head.encode() + retry + b"X-Request-Id: " + request_id + b"\r\nConnection: close\r\n\r\n" + body
