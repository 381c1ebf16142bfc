"""Routes with JSON bodies: the caller is checked first, then media type and size, then the JSON itself."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import declared
from registry.api.json_text import parsed
from registry.api.state import state_of
from registry.domain.errors import TooLarge

_LENGTH_DIGITS = 19


def announced_length(request: Request) -> int | None:
    """Content-Length in bytes; None for a chunked body."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) <= _LENGTH_DIGITS else None


async def read_limited(chunks: AsyncIterator[bytes], *, limit: int, announced: int | None) -> bytes:
    """A whole body of at most `limit` bytes. Raises TooLarge, before reading where Content-Length says so."""
    too_large = TooLarge(f"The body is larger than {limit} bytes.")
    if announced is not None and announced > limit:
        raise too_large
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def media_type_of(request: Request) -> str:
    """The media type of the body, lower-case and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def unsupported_media_type(found: str, *accepted: str) -> HTTPException:
    """415 with what would be accepted."""
    return HTTPException(
        415, f"The media type {found or '(none)'} is not supported here; send {' or '.join(accepted)}."
    )


async def read_json(request: Request, *, limit: int, accepted: tuple[str, ...] = ("application/json",)) -> Any:
    """The JSON body of a request. Raises 415 for other media types, 413, 400, InvalidInput."""
    found = media_type_of(request)
    if found not in accepted:
        raise unsupported_media_type(found, *accepted)
    return await parsed(await read_limited(request.stream(), limit=limit, announced=announced_length(request)))


class StrictJsonRoute(APIRoute):
    """A route whose JSON body is read by `read_json` and then validated by FastAPI."""

    accepted: tuple[str, ...] = ("application/json",)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        allowed = declared(self.endpoint)

        async def strict(request: Request) -> Response:
            # FastAPI reads bodies before it runs dependencies: an untrusted client's would be read for nothing.
            if allowed is not None:
                await allowed.admitted(request.scope)
            limit = state_of(request.scope).limits.max_json_bytes
            return await handler(_ParsedRequest(request, await read_json(request, limit=limit, accepted=self.accepted)))

        return strict


class MergePatchRoute(StrictJsonRoute):
    """The same for JSON merge patches (RFC 7396)."""

    accepted = ("application/merge-patch+json", "application/json")


class _ParsedRequest(Request):
    """A request whose JSON has been read."""

    def __init__(self, request: Request, value: Any) -> None:
        headers = [(name, text) for name, text in request.scope["headers"] if name != b"content-type"]
        scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}
        super().__init__(scope, request.receive)
        self._value = value

    async def body(self) -> bytes:
        return b"null"  # not empty, so that FastAPI asks for `json`

    async def json(self) -> Any:
        return self._value
