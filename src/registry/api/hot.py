"""Routes whose requests skip FastAPI's machinery, documented all the same.

They stand in the application's routes as all others do, for the schema, for other methods and behind a prefix
(`root_path`). The application asks `HotRoutes` before the framework's layers and its router
(`make bench`: a read by id costs 2.5 times a bare Starlette route; behind them it was 3.9 times).
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import Receive, Scope, Send

Answer = Callable[[Request], Awaitable[Response]]


Header = tuple[bytes, bytes]


class ReadyResponse(Response):
    """An answer whose headers are as they go out (names in lower case): spares encoding what is known."""

    def __init__(self, status: int, headers: list[Header], body: bytes = b"") -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = headers


def ready_json(body: bytes, *headers: Header) -> ReadyResponse:
    """200 with JSON that is ready."""
    return ReadyResponse(200, [*json_headers(body), *headers], body)


def json_headers(body: bytes) -> list[Header]:
    """What every answer with JSON says of it."""
    return [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


class HotRoute(APIRoute):
    """Made by `hot_route`."""

    answer: Answer
    method: str


def hot_route(
    path: str,
    answer: Answer,
    *,
    documented: Callable[..., Any],
    method: str = "GET",
    **documentation: Any,
) -> HotRoute:
    """A route answered by `answer` as a plain Starlette endpoint; the schema is made from `documented`.

    `documented` is never called: its signature gives the parameters and security, its docstring the description.
    """
    route = HotRoute(path, documented, methods=[method], operation_id=documented.__name__, **documentation)
    route.answer, route.method = answer, method
    route.app = request_response(answer)
    return route


class HotRoutes:
    """An ASGI application for requests that `find` knows. What `answer` raises is for the middleware around it."""

    def __init__(self, routes: Sequence[HotRoute]) -> None:
        self._exact: dict[tuple[str, str], HotRoute] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], HotRoute]]] = {}
        for route in routes:
            method = route.method
            if route.param_convertors:
                self._patterns.setdefault(method, []).append((route.path_regex, route))
            else:
                self._exact[method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await scope["route"].answer(Request(scope, receive, send))
        await response(scope, receive, send)

    def find(self, scope: Scope) -> bool:
        """Whether the request is for one of the routes; it then stands in the scope with its parameters."""
        if scope["type"] != "http" or scope.get("root_path"):
            return False
        method, path = scope["method"], scope["path"]
        if method == "HEAD":
            method = "GET"
        if (route := self._exact.get((method, path))) is not None:
            scope["route"], scope["path_params"] = route, {}
            return True
        for pattern, route in self._patterns.get(method, ()):
            if match := pattern.match(path):
                scope["route"], scope["path_params"] = route, match.groupdict()
                return True
        return False
