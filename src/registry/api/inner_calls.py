"""A request to the application from inside its own process."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True)
class InnerResponse:
    """`headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    content: bytes


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
