"""A proxy in front of a real engine that can be told to misbehave as engines do.

`FaultProxy` works on TCP, so it fits any engine: it can be slow, hang, refuse, or cut answers in the middle. For HTTP
engines it also answers in the engine's place: an error page, a throttling error, nonsense.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024


class Fault(Enum):
    NONE = auto()
    SLOW = auto()
    """Every answer is late by `delay_seconds`."""
    HANG = auto()
    """Connections are taken, requests read, and nothing is ever answered."""
    DOWN = auto()
    """Connections are closed at once, those that are open too."""
    CUT = auto()
    """An answer ends after its first `cut_after_bytes`."""
    REPLACE = auto()
    """Requests reach the engine; in place of each answer comes `replacement`. For engines that do not speak HTTP."""
    ANSWER = auto()
    """Every HTTP request is answered with `answer`, and does not reach the engine."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes
    content_type: str = "text/html"
    request_id: str | None = None

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Fault", f"Content-Type: {self.content_type}"]
        lines += [f"Content-Length: {len(self.body)}"]
        lines += [f"x-amzn-RequestId: {self.request_id}"] if self.request_id else []
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def dynamodb_error(code: str, status: int = 400) -> HttpAnswer:
    """An error as DynamoDB says it."""
    body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"told to"}}'.encode()
    return HttpAnswer(status, body, content_type="application/x-amz-json-1.0", request_id="fault")


ERROR_PAGE = HttpAnswer(503, b"<html>Service Unavailable</html>")
NONSENSE = HttpAnswer(200, b"<html>Welcome to the hotel's network</html>")


class FaultProxy:
    """Set `fault` and what belongs to it at any time; what is under way goes on, but for `DOWN`."""

    def __init__(self, host: str, port: int) -> None:
        self._engine = host, port
        self._open: set[asyncio.StreamWriter] = set()
        self._fault = Fault.NONE
        self.answer = ERROR_PAGE
        self.delay_seconds = 0.0
        self.only = b""
        """`SLOW` concerns requests that contain this, such as the name of a call."""
        self.cut_after_bytes = 20
        self.replacement = b""
        self.requests = 0
        self.port = 0

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        if fault is Fault.DOWN:
            for writer in self._open:
                writer.transport.abort()

    def reply_with(self, answer: HttpAnswer) -> None:
        self.answer, self.fault = answer, Fault.ANSWER

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, as `asyncio.start_server` calls it."""
        if self._fault is Fault.DOWN:
            writer.transport.abort()
            return
        engine_reader, engine_writer = await asyncio.open_connection(*self._engine)
        self._open |= {writer, engine_writer}
        asked = bytearray()  # the connection's last request
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._forward_requests(reader, engine_writer, writer, asked))
                tasks.create_task(self._forward_answers(engine_reader, writer, asked))
        except* OSError:
            pass  # one side is gone: that ends the connection
        finally:
            self._open -= {writer, engine_writer}
            writer.close()
            engine_writer.close()

    async def _forward_requests(
        self,
        reader: asyncio.StreamReader,
        engine: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
        asked: bytearray,
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            self.requests += 1
            asked += chunk
            if self._fault is Fault.ANSWER:
                await _rest_of_request(reader, chunk)
                client.write(self.answer.encode())
                await client.drain()
            elif self._fault is not Fault.HANG:
                engine.write(chunk)
                await engine.drain()
        engine.close()

    async def _forward_answers(
        self, engine: asyncio.StreamReader, client: asyncio.StreamWriter, asked: bytearray
    ) -> None:
        while chunk := await engine.read(CHUNK_BYTES):
            concerned = self.only in asked
            asked.clear()
            if self._fault is Fault.SLOW and concerned:
                await asyncio.sleep(self.delay_seconds)
            if self._fault is Fault.CUT:
                client.write(chunk[: self.cut_after_bytes])
                await client.drain()
                break
            client.write(self.replacement if self._fault is Fault.REPLACE else chunk)
            await client.drain()
        client.close()


async def _rest_of_request(reader: asyncio.StreamReader, begun: bytes) -> None:
    """Read an HTTP request with a `Content-Length` to its end."""
    while b"\r\n\r\n" not in begun:
        begun += await reader.read(CHUNK_BYTES)
    head, _, body = begun.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    if missing > 0:
        await reader.readexactly(missing)


@asynccontextmanager
async def fault_proxy(url: str) -> AsyncIterator[FaultProxy]:
    """A proxy in front of the engine at `url`, on a free port of 127.0.0.1."""
    target = urlsplit(url)
    proxy = FaultProxy(target.hostname or "127.0.0.1", target.port or 80)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.fault = Fault.DOWN
        server.close()
        await server.wait_closed()
