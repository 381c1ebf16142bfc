"""A server that receives webhooks on a free port of this host, and answers as a test wants it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier

WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, its signature checked by an implementation that is not ours."""
        document: dict[str, Any] = Verifier(secret).verify(self.body, self.headers)
        return document


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `cut_after`: the connection ends after so many bytes of the answer, head included.

    `hold`: nothing is answered before it is set.
    """

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    hold: threading.Event | None = None

    def encoded(self) -> bytes:
        length = {} if self.status == 204 else {"Content-Length": str(len(self.body))}
        members = {"Connection": "close", **length, **self.headers}
        head = f"HTTP/1.1 {self.status} x\r\n" + "".join(f"{name}: {value}\r\n" for name, value in members.items())
        return (head.encode() + b"\r\n" + self.body)[: self.cut_after]


class Receiver:
    """`replies` are given one by one; after them, and where `reply_to` gives None, 204."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: list[Reply] = []
        self.reply_to: Callable[[Received], Reply | None] = lambda _: None
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = receiver._next(Received(self.path, headers, body))
                if reply.hold is not None:
                    reply.hold.wait(WAIT_SECONDS)
                with suppress(OSError):  # whoever asked may be gone
                    self.wfile.write(reply.encoded())
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def _next(self, received: Received) -> Reply:
        with self._lock:
            self.received.append(received)
            return self.reply_to(received) or (self.replies.pop(0) if self.replies else Reply())

    def wait_for(self, count: int) -> list[Received]:
        """The requests, once there are `count` of them. Fails when they do not come."""
        deadline = time.monotonic() + WAIT_SECONDS
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} requests came"
            time.sleep(0.02)
        return list(self.received)

    @contextmanager
    def served(self) -> Iterator["Receiver"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
