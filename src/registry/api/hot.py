"""Routes whose requests skip FastAPI's machinery, documented all the same.

They stand in the application's routes as all others do, for the schema, for other methods and behind a prefix
(`root_path`). `HotRoutes` answers what it knows before the framework's layers and its router are asked.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp, Receive, Scope, Send

Answer = Callable[[Request], Awaitable[Response]]


class ReadyJson(Response):
    """JSON that is ready, with headers as they go out (names in lower case): spares encoding what is known."""

    def __init__(self, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json"), *headers]


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
    route = HotRoute(path, documented, methods=[method], name=documented.__name__, **documentation)
    route.answer, route.method = answer, method
    route.app = request_response(answer)
    return route


class HotRoutes:
    """Pure ASGI. What `answer` raises is for the middleware around this one (see Surroundings)."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[HotRoute]) -> None:
        self._app = app
        self._exact: dict[tuple[str, str], HotRoute] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], HotRoute]]] = {}
        for route in routes:
            method = route.method
            if route.param_convertors:
                self._patterns.setdefault(method, []).append((route.path_regex, route))
            else:
                self._exact[method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("root_path") or (route := self._find(scope)) is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        response = await route.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> HotRoute | None:
        method, path = scope["method"], scope["path"]
        if (route := self._exact.get((method, path))) is not None:
            scope["path_params"] = {}
            return route
        for pattern, route in self._patterns.get(method, ()):
            if match := pattern.match(path):
                scope["path_params"] = match.groupdict()
                return route
        return None
