"""Answers that carry bytes: whole or a single range of them (RFC 9110, section 14), under an ETag."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry.api.caching import NO_STORE
from registry.api.conditional import check_if_match, is_unchanged, sent_tags
from registry.api.documentation import header
from registry.api.problems import HTTP_PROBLEMS, problem_response
from registry.api.streaming import BlobResponse, ByteRange, RangeNotSatisfiable, requested_range
from registry.formats.disposition import attachment

OpenRange = Callable[[int, int], AbstractAsyncContextManager[AsyncIterator[bytes]]]
BYTES_HEADERS = {
    "ETag": header("changes when the bytes do", '"9f86d0…"'),
    "Content-Disposition": header("RFC 6266", 'attachment; filename="bert-tiny.zip"'),
    "Accept-Ranges": header("`bytes`", "bytes"),
    "X-Policy-Waiver": header(
        "a rule of the operator's policy that a waiver ends", "rule age is waived until 2027-01-31 by alice: urgent fix"
    ),
}
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def bytes_answers(headers: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What the schema says of such answers."""
    return {
        200: {"description": "the bytes, in their media type", "headers": headers, "content": _BINARY},
        206: {"description": "the range that was asked for", "headers": headers, "content": _BINARY},
        304: {"description": "unchanged"},
        307: {"description": "to a signed URL", "headers": {"Location": header("lives for minutes", "https://…")}},
    }


def unchanged_response(request: Request, tag: str, headers: dict[str, str]) -> Response | None:
    """304 where the client has these bytes already. Raises RevisionConflict where If-Match names others."""
    check_if_match(request.scope, tag)
    if not is_unchanged(sent_tags(request.scope, b"if-none-match"), tag):
        return None
    return Response(status_code=304, headers={"ETag": tag, "Accept-Ranges": "bytes", **headers})


def redirect_response(url: str, tag: str, headers: dict[str, str]) -> Response:
    """307 to a signed URL of the store, which is secret: it is not to be kept."""
    return RedirectResponse(url, 307, {"ETag": tag, "Accept-Ranges": "bytes", **headers, **NO_STORE})


async def ranged_response(
    request: Request,
    open_range: OpenRange,
    *,
    size: int,
    tag: str,
    filename: str,
    media_type: str,
    headers: dict[str, str],
    began: Callable[[bool], None],
) -> Response:
    """The bytes that the request asks for. `open_range(offset, length)` gives them.

    `began` is called once bytes are on their way, with whether these are all of them.
    """
    is_head = request.scope.get("head", False)
    try:
        # Ranges are defined for GET alone (RFC 9110, section 14.2).
        wanted = None if is_head else _range(request, size, tag)
    except RangeNotSatisfiable:
        refusal = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        detail = f"The content has {size} bytes; ask for a range inside."
        return problem_response(HTTP_PROBLEMS[416], detail, path=request.url.path, headers=refusal)
    answer_headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        **headers,
        "Content-Type": media_type,
        "Content-Disposition": attachment(filename),
        # A published file may be any HTML or SVG: it must not run as a page of this service.
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(wanted.length if wanted else size),
    }
    if wanted:
        answer_headers["Content-Range"] = wanted.content_range(size)
    status = 206 if wanted else 200
    if is_head:
        return Response(status_code=status, headers=answer_headers)
    offset, length = (wanted.offset, wanted.length) if wanted else (0, size)
    response = await BlobResponse.open(open_range(offset, length), status_code=status, headers=answer_headers)
    began(wanted is None)
    return response


def _range(request: Request, size: int, tag: str) -> ByteRange | None:
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != tag:
        return None
    return requested_range(request.headers.get("range"), size)
