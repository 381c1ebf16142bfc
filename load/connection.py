"""A keep-alive connection that sends one request at a time: the cheapest client that still measures each answer."""

import asyncio
import re
from dataclasses import dataclass
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_MOST_KEPT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is empty when it was longer than 1 MiB; `length` counts its bytes in any case."""

    status: int
    body: bytes
    length: int


class Connection(asyncio.Protocol):
    """Made by `opened`. Understands answers with a Content-Length or without a body, as the registry's are."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[Answer] | None = None
        self._head = b""
        self._status = 0
        self._length = -1
        self._missing = 0
        self._parts: list[bytes] = []

    @classmethod
    async def opened(cls, port: int) -> "Connection":
        """A connection to 127.0.0.1. Raises OSError."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def send(self, request: bytes, *, timeout_seconds: float = 60.0) -> Answer:
        """Raises ConnectionError, TimeoutError; the connection is of no use afterwards."""
        if self._transport.is_closing():
            raise ConnectionResetError("the server closed the connection")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        async with asyncio.timeout(timeout_seconds):
            return await self._waiting

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only

    def data_received(self, data: bytes) -> None:
        if self._length < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._status = int(self._head[9:12])
            found = _LENGTH.search(self._head, 0, end)
            self._length = self._missing = int(found[1]) if found and self._status not in {204, 304} else 0
            data, self._head = self._head[end + 4 :], b""
        self._missing -= len(data)
        if self._length <= _MOST_KEPT:
            self._parts.append(data)
        if self._missing <= 0:
            answer = Answer(self._status, b"".join(self._parts), self._length)
            self._length = -1
            self._parts.clear()
            if self._waiting and not self._waiting.done():
                self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError(f"the server closed the connection ({exc})"))
