"""A load generator for small requests: keep-alive connections over raw sockets, one request at a time on each.

A general HTTP client costs several times what the server does, which would measure the client.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import uvloop

CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answered:
    """`seconds` of wall-clock time for all requests together."""

    count: int
    seconds: float


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def send_all(port: int, requests: Iterator[bytes], *, expected_status: int, connections: int = CONNECTIONS) -> Answered:
    """Send every request over `connections` connections. Raises RuntimeError for an answer of another status."""
    return uvloop.run(_send_all(port, requests, expected_status, connections))


async def _send_all(port: int, requests: Iterator[bytes], expected_status: int, connections: int) -> Answered:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, expected_status), "127.0.0.1", port)
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for _, connection in opened:
        connection.send_next()
    await asyncio.gather(*(connection.finished for _, connection in opened))
    return Answered(sum(connection.count for _, connection in opened), time.perf_counter() - began)


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], expected_status: int) -> None:
        self.count = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._expected = b"HTTP/1.1 %d" % expected_status
        self._head = b""
        self._has_body = True
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one by its methods only.
        self._transport = cast("asyncio.Transport", transport)

    def send_next(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            self.finished.set_result(None)
        else:
            self._has_body = not following.startswith(b"HEAD ")
            self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._head.startswith(self._expected):
                self._fail(self._head[:500].decode(errors="replace"))
                return
            length = _LENGTH.search(self._head, 0, end) if self._has_body else None
            self._missing = (int(length[1]) if length else 0) - (len(self._head) - end - 4)
            self._head = b""
        if self._missing <= 0:
            self.count += 1
            self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection ({exc})")

    def _fail(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_exception(RuntimeError(f"not the answer that was expected: {reason}"))
