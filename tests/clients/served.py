"""An ASGI application on a free port, run by uvicorn in a thread, with faults that a test puts in its way."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class SeenRequest:
    """A request as it arrived, and how many body bytes were answered so far."""

    method: str
    path: str
    headers: dict[str, str]
    sent: list[int] = field(default_factory=lambda: [0])

    @property
    def bytes_sent(self) -> int:
        return self.sent[0]


@dataclass
class Fault:
    """What happens to the next request of this method whose path ends so.

    `reply`: a status, headers and a body instead of the application's. `cut_after`: the connection ends after that many
    bytes of the body. `stall_after`: nothing more comes after that many bytes until `release` is set.
    """

    method: str
    path_end: str
    reply: tuple[int, dict[str, str], bytes] | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    release: threading.Event = field(default_factory=threading.Event)


def problem(status: int, slug: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A reply of a registry that refuses."""
    document = {"type": f"/problems/{slug}", "title": slug, "status": status, "detail": "not now"}
    return status, {"Content-Type": "application/problem+json", **headers}, json.dumps(document).encode()


class _Cut(Exception):
    """Ends the application's answer where the fault wants it."""


class FaultyServer:
    """Stands before an application, remembers every request and applies faults, each once, in their order."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[SeenRequest] = []
        self.faults: list[Fault] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        seen = SeenRequest(scope["method"], scope["path"], headers)
        self.requests.append(seen)
        fault = self._next_fault(seen)
        if fault is not None and fault.reply is not None:
            await _reply(send, *fault.reply)
            return

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await _send_body(send, message, seen, fault)
            else:
                await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except _Cut:
            return  # an unfinished answer: uvicorn closes the connection

    def _next_fault(self, seen: SeenRequest) -> Fault | None:
        for fault in self.faults:
            if seen.method == fault.method and seen.path.endswith(fault.path_end):
                self.faults.remove(fault)
                return fault
        return None

    def seen(self, method: str, path_end: str) -> list[SeenRequest]:
        return [request for request in self.requests if request.method == method and request.path.endswith(path_end)]


async def _reply(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _send_body(send: Send, message: Message, seen: SeenRequest, fault: Fault | None) -> None:
    body = message.get("body", b"")
    limit = None if fault is None else fault.cut_after if fault.cut_after is not None else fault.stall_after
    if fault is None or limit is None or seen.sent[0] + len(body) <= limit:
        await send(message)
        seen.sent[0] += len(body)
        return
    part = body[: limit - seen.sent[0]]
    await send({"type": "http.response.body", "body": part, "more_body": True})
    seen.sent[0] += len(part)
    if fault.stall_after is not None:
        await asyncio.to_thread(fault.release.wait)
    raise _Cut


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """The address of `app`, served until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
