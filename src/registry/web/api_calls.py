"""Calls of the registry's own HTTP API, in this process.

Pages show what the API answers to the signed-in user, so every rule (permissions, visibility, limits) holds for them
without being written again. A call costs about as much as the request that it stands for, without the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.api.inner_calls import exchange, inner_scope
from registry.telemetry.request_id import current_request_id
from registry.web.sessions import session_token

_ERRORS = 400


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What the API answered. `body` is JSON where the media type says so, else None; `content` are the bytes."""

    status: int
    headers: Mapping[str, str]
    body: Any
    content: bytes = b""

    @classmethod
    def problem(cls, status: int, title: str, detail: str) -> Self:
        """A refusal of a page's own, in the form that the API's have."""
        return cls(status, {}, {"title": title, "detail": detail, "status": status})

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def detail(self) -> str:
        """What a problem document says."""
        return str(self.body.get("detail") or self.body.get("title")) if isinstance(self.body, dict) else ""

    @property
    def reasons(self) -> str:
        """What is wrong, in one line: the messages of a 422, else the detail."""
        return "; ".join(self.field_errors().values()) or self.detail

    def field_errors(self) -> dict[str, str]:
        """Messages of a 422 by member name, with "" for those of the whole body."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return {str(error["pointer"]).lstrip("/"): str(error["detail"]) for error in errors or []}


class CallFailed(Exception):
    """The API refused what a page cannot be shown without."""

    def __init__(self, response: ApiResponse) -> None:
        super().__init__(response.detail)
        self.response = response


class Api:
    """Calls on behalf of the user of `request`."""

    def __init__(self, request: Request) -> None:
        self._app: ASGIApp = request.app
        self._scope = request.scope
        self._token = session_token(request)

    async def read(self, path: str, **query: Any) -> Any:
        """The JSON at `path`. Raises CallFailed for everything but 2xx."""
        response = await self.get(path, **query)
        if not response.ok:
            raise CallFailed(response)
        return response.body

    async def get(self, path: str, **query: Any) -> ApiResponse:
        return await self.call("GET", path, query=query)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """One request. Query parameters that are None or empty are left out; `path` is unescaped."""
        sent = _sent(headers)
        body = b""
        if json is not None:
            body = orjson.dumps(json)
            if not any(name == b"content-type" for name, _ in sent):
                sent.append((b"content-type", b"application/json"))
        elif form is not None:
            body = urlencode(form).encode()
            sent.append((b"content-type", b"application/x-www-form-urlencoded"))
        if body:
            sent.append((b"content-length", b"%d" % len(body)))
        response = await exchange(self._app, self._inner_scope(method, path, query or {}, sent), body)
        # A file of a package may be JSON as well: it is bytes to its reader.
        is_json = "json" in response.headers.get("content-type", "") and "content-disposition" not in response.headers
        read = orjson.loads(response.content) if is_json and response.content else None
        return ApiResponse(response.status, response.headers, read, response.content)

    def streamed(
        self, path: str, *, query: Mapping[str, Any], headers: Mapping[str, str], filename: str
    ) -> "StreamedDownload":
        """A response that sends what the API answers to a GET as it comes, for the browser to save as a file."""
        return StreamedDownload(self._app, self._inner_scope("GET", path, query, _sent(headers)), filename)

    def _authorization(self) -> list[tuple[bytes, bytes]]:
        return [(b"authorization", b"Bearer " + self._token.encode("latin-1"))] if self._token else []

    def _inner_scope(
        self, method: str, path: str, query: Mapping[str, Any], headers: list[tuple[bytes, bytes]]
    ) -> Scope:
        outer = self._scope
        kept = [(name, value) for name, value in outer["headers"] if name == b"host"]
        if identity := current_request_id():
            kept.append((b"x-request-id", identity.encode("ascii")))
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return inner_scope(
            outer, method, path, query=urlencode(given).encode(), headers=[*kept, *headers, *self._authorization()]
        )


class StreamedDownload(Response):
    """Another answer of the application, sent on unchanged but for `Content-Disposition`."""

    def __init__(self, app: ASGIApp, inner: Scope, filename: str) -> None:
        super().__init__()
        self._app, self._inner = app, inner
        self._disposition = f'attachment; filename="{filename}"'.encode("latin-1")

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async def with_disposition(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < _ERRORS:
                message = {**message, "headers": [*message["headers"], (b"content-disposition", self._disposition)]}
            await send(message)

        await self._app(self._inner, receive, with_disposition)


def _sent(headers: Mapping[str, str] | None) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
