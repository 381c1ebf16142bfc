"""The shapes of requests and answers that the registry in memory shares over its routes."""

import base64
import contextlib
import hashlib
import io
import json
import re
from typing import Any

from multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

PIECE_BYTES = 64 * 1024


class Refusal(Exception):
    """An answer that is a problem document."""

    def __init__(self, status: int, slug: str, detail: str, **members: Any) -> None:
        self.status = status
        self.document = {
            "type": f"/problems/{slug}",
            "title": slug.replace("-", " ").capitalize(),
            "status": status,
            "detail": detail,
            "request_id": "request-1",
            **members,
        }


def problem_response(refusal: Refusal) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
    return JSONResponse(refusal.document, refusal.status, headers, media_type="application/problem+json")


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_response(error)


async def no_route(request: Request, error: Exception) -> Response:
    return problem_response(Refusal(404, "not-found", "There is no such route."))


async def read_package(request: Request) -> tuple[dict[str, Any], bytes | None, str]:
    """Metadata, the file (None without one) and its name."""
    kind, options = parse_options_header(request.headers["Content-Type"])
    if kind != "multipart/form-data":
        metadata = json.loads(await request.body())
        encoded = metadata.get("content_base64")
        return metadata, None if encoded is None else base64.b64decode(encoded), "content"
    with contextlib.ExitStack() as opened:
        parts = list(MultipartParser(io.BytesIO(await request.body()), options["boundary"]))
        for part in parts:
            opened.callback(part.close)
        if [part.name for part in parts] != ["metadata", "content"] or parts[1].filename is None:
            raise Refusal(422, "invalid-input", "Send the parts metadata and content, in this order.")
        return json.loads(parts[0].raw), parts[1].raw, parts[1].filename or "content"


def page(request: Request, items: list[dict[str, Any]]) -> Response:
    start = int(request.query_params.get("cursor", "0"))
    end = start + int(request.query_params.get("limit", "50"))
    return JSONResponse({"items": items[start:end], "next_cursor": str(end) if end < len(items) else None})


def ranged(request: Request, data: bytes, *, prefix: str = "") -> Response:
    """All of `data`, or what the request's Range and If-Range want of it."""
    etag = f'"{prefix}{hashlib.sha256(data).hexdigest()}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=([0-9]+)-", request.headers.get("Range", ""))
    start, status = 0, 200
    if asked and request.headers.get("If-Range", etag) == etag:
        start, status = int(asked[1]), 206
        if start >= len(data):
            raise Refusal(416, "range-not-satisfiable", "The range begins behind the end.")
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    headers["Content-Length"] = str(len(data) - start)
    pieces = (data[place : place + PIECE_BYTES] for place in range(start, len(data), PIECE_BYTES))
    return StreamingResponse(pieces, status, headers, media_type="application/octet-stream")
