"""A server that answers as a test says: for what a real one does not do when asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

S3_HEADERS = {"x-amz-request-id": "TEST", "Content-Type": "application/xml"}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    body: bytes
    head: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`announced_bytes` more or less than the body has makes a broken answer; `then_hang` keeps the line open."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] | None = None
    announced_bytes: int | None = None
    then_hang: bool = False


def refusal(status: int, code: str) -> Answer:
    return Answer(status, f"<Error><Code>{code}</Code><Message>as the test wants</Message></Error>".encode())


@asynccontextmanager
async def answering(answer: Callable[[Request], Answer | None]) -> AsyncIterator[str]:
    """The URL of a server that gives what `answer` returns; None: no answer at all."""
    connections: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            while request := await _read(reader):
                found = answer(request)
                if found is None:
                    await reader.read()
                    return
                writer.write(_encode(found))
                await writer.drain()
                if found.then_hang:
                    await reader.read()
                if found.announced_bytes is not None:
                    return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.close()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = head.split(" ", 2)
    lengths = [line.split(":")[1] for line in head.lower().splitlines() if line.startswith("content-length:")]
    return Request(method, target, await reader.readexactly(int(lengths[0]) if lengths else 0), head)


def _encode(answer: Answer) -> bytes:
    headers = S3_HEADERS if answer.headers is None else answer.headers
    size = len(answer.body) if answer.announced_bytes is None else answer.announced_bytes
    lines = [f"HTTP/1.1 {answer.status} Test", f"Content-Length: {size}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body
