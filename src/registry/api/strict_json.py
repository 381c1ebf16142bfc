"""JSON bodies read strictly: size, media type, depth, numbers and text are checked before anything is built of them."""

import json
import math
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from registry.api.state import state_of
from registry.domain.errors import FieldError, InvalidInput, RegistryError, TooLarge, json_pointer

MAX_DEPTH = 64


async def read_limited(chunks: AsyncIterator[bytes], *, limit: int, announced: str | None) -> bytes:
    """A whole body of at most `limit` bytes. Raises TooLarge, before reading where Content-Length tells."""
    too_large = TooLarge(f"The body is larger than {limit} bytes.")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise too_large
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def parse_json(body: bytes) -> Any:
    """The value of a JSON text.

    Raises HTTPException 400 when it is malformed, InvalidInput when a number does not fit a double, the nesting is
    deeper than 64, or a string holds half a surrogate pair.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_float=_double, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidInput(f"the JSON is nested deeper than {MAX_DEPTH}; flatten it") from None
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise HTTPException(400, f"The body is not JSON: {error.msg} (line {error.lineno}).") from None
    _check_tree(value)
    return value


def _double(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidInput(f"the number {text[:40]} does not fit a double; write a smaller one")
    return number


def _integer(text: str) -> int:
    # Every double lies below 10**309; int() of millions of digits would take minutes.
    if len(text) > 310 or abs(number := int(text)) > sys.float_info.max:
        raise InvalidInput("a number does not fit a double; write a smaller one")
    return number


def _no_constant(text: str) -> float:
    raise HTTPException(400, f"The body is not JSON: {text} is no JSON number.")


def _check_tree(value: Any) -> None:
    level, depth = [("", value)], 0
    while level:
        if depth > MAX_DEPTH:
            raise InvalidInput(f"the JSON is nested deeper than {MAX_DEPTH}; flatten it")
        following: list[tuple[str, Any]] = []
        for pointer, node in level:
            if isinstance(node, str):
                _check_text(node, pointer)
            elif isinstance(node, dict):
                for key, member in node.items():
                    _check_text(key, pointer)
                    following.append((pointer + json_pointer(key), member))
            elif isinstance(node, list):
                following.extend((f"{pointer}/{place}", item) for place, item in enumerate(node))
        level, depth = following, depth + 1


def _check_text(text: str, pointer: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        place = pointer.encode("utf-8", "replace").decode()
        raise InvalidInput([FieldError(place, "the text holds half a surrogate pair; send whole characters")]) from None


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
    return parse_json(
        await read_limited(request.stream(), limit=limit, announced=request.headers.get("content-length"))
    )


class StrictJsonRoute(APIRoute):
    """A route whose JSON body is read by `read_json` and then validated by FastAPI."""

    accepted: tuple[str, ...] = ("application/json",)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def strict(request: Request) -> Response:
            value, broken = None, None
            try:
                value = await read_json(
                    request, limit=state_of(request.scope).limits.max_json_bytes, accepted=self.accepted
                )
            except (RegistryError, HTTPException) as error:
                broken = error
            try:
                return await handler(_ParsedRequest(request, value))
            except RequestValidationError:
                # FastAPI reads bodies before it runs dependencies. A caller without a token is told that first, so a
                # broken body is told only now.
                if broken is not None:
                    raise broken from None
                raise

        return strict


class FormRoute(APIRoute):
    """A route that takes a form, and says so to those who send something else."""

    accepted = ("application/x-www-form-urlencoded", "multipart/form-data")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            found = media_type_of(request)
            if self.body_field is not None and found not in self.accepted:
                raise unsupported_media_type(found, *self.accepted)
            return await handler(request)

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
