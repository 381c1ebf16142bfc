"""Routes whose requests skip FastAPI's machinery, declared all the same.

They stand in the application's routes as all others do: for the schema, for other methods, behind a prefix
(`root_path`), and for requests that break what they declare. The application asks `HotRoutes` before the framework's
layers and its router (`make bench`: a read by id costs 2.5 times a bare Starlette route; by the framework it was 3.9
times). A route belongs here only if that shows in the load report.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from registry.api.models.requests import ID_PATTERN

_ID = ID_PATTERN.strip("^$")
"""What every `{…_id}` is declared to be."""
_PARAMETER = re.compile(r"\{(\w+_id)\}")
_CONVERTED = re.compile(r"\{\w+:")
"""Of a path with such a parameter the router's own pattern is used: its parameters are texts as they were sent."""
_FOUND = "registry.hot_route"
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


@dataclass(frozen=True, slots=True)
class HotRoute:
    """Made by `hot_route`. `route` is what stands among the application's routes."""

    method: str
    path: str
    answer: Answer
    route: APIRoute


def hot_route(
    path: str,
    answer: Answer,
    *,
    documented: Callable[..., Any],
    method: str = "GET",
    **documentation: Any,
) -> HotRoute:
    """A route answered by `answer`; the schema is made from `documented`, and what that declares holds.

    `documented` is never called: its signature gives parameters, security and schema, its docstring the description.
    """
    endpoint = _endpoint(documented, answer)
    route = APIRoute(path, endpoint, methods=[method], operation_id=documented.__name__, **documentation)
    return HotRoute(method, path, answer, route)


def _endpoint(documented: Callable[..., Any], answer: Answer) -> Callable[..., Any]:
    """What FastAPI calls once all that `documented` declares is checked."""

    async def endpoint(**values: Any) -> Response:
        return await answer(values["request"])

    signature = inspect.signature(documented)
    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    others = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in signature.parameters.values()]
    endpoint.__signature__ = signature.replace(parameters=[request, *others])  # type: ignore[attr-defined]
    endpoint.__name__, endpoint.__doc__ = documented.__name__, documented.__doc__
    return endpoint


class HotRoutes:
    """An ASGI application for requests that `find` knows. What `answer` raises is for the middleware around it."""

    def __init__(self, routes: Sequence[HotRoute]) -> None:
        self._exact: dict[tuple[str, str], HotRoute] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], HotRoute]]] = {}
        for route in routes:
            if "{" in route.path:
                if _CONVERTED.search(route.path):
                    pattern = route.route.path_regex
                else:
                    pattern = re.compile(_PARAMETER.sub(rf"(?P<\1>{_ID})", route.path))
                self._patterns.setdefault(route.method, []).append((pattern, route))
            else:
                self._exact[route.method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await scope[_FOUND].answer(Request(scope, receive, send))
        await response(scope, receive, send)

    def find(self, scope: Scope) -> bool:
        """Whether the request is for one of the routes; it then stands in the scope with its parameters.

        A path that breaks what the route declares is not found: the framework refuses it as it does on every route.
        """
        if scope["type"] != "http" or scope.get("root_path"):
            return False
        method, path = scope["method"], scope["path"]
        if method == "HEAD":
            method = "GET"
        found, parameters = self._exact.get((method, path)), {}
        if found is None:
            for pattern, route in self._patterns.get(method, ()):
                if match := pattern.fullmatch(path):
                    found, parameters = route, match.groupdict()
                    break
            else:
                return False
        scope[_FOUND], scope["route"], scope["path_params"] = found, found.route, parameters
        return True
