"""A request to the application from inside its own process."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True)
class InnerResponse:
    """`headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    content: bytes


def inner_scope(
    outer: Scope, method: str, path: str, *, query: bytes = b"", headers: Iterable[tuple[bytes, bytes]]
) -> Scope:
    """The scope of a request that comes with the request `outer`, from the same client; `path` is unescaped."""
    return {
        "type": "http",
        "asgi": outer["asgi"],
        "http_version": "1.1",
        "scheme": outer["scheme"],
        "server": outer.get("server"),
        "client": outer.get("client"),
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query,
        "headers": list(headers),
    }


async def exchange(app: ASGIApp, scope: Scope, body: bytes = b"") -> InnerResponse:
    """What the application answers. All of the response is held in memory."""
    status, headers, pieces = 500, {}, []
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # the caller of a call in this process never disconnects
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    return InnerResponse(status, headers, b"".join(pieces))
