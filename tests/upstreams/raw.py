"""A server that sends bytes as they are given: answers that no server library would let out."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""Answers one request, given its head; the connection ends afterwards."""


@dataclass
class RawServer:
    """Scripts by path; what no script stands for is 404. `requests` are the heads as they arrived."""

    port: int = 0
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        try:
            await self._answer(reader, writer)
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            path = head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
            await self.scripts.get(path, sends(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))(writer, head)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def sends(*pieces: bytes) -> Script:
    """These bytes, then the end of the connection."""

    async def script(writer: asyncio.StreamWriter, _head: bytes) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return script


def drips(before: bytes, drop: bytes, *, seconds: float) -> Script:
    """`before` at once, then `drop` again and again until the client leaves."""

    async def script(writer: asyncio.StreamWriter, _head: bytes) -> None:
        writer.write(before)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(seconds)

    return script


@contextmanager
def raw_server() -> Iterator[RawServer]:
    """The server, in a thread of its own, on a free port of the loopback interface."""
    server, ready, found = RawServer(), threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def run() -> None:
        done = asyncio.Event()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        found.append((asyncio.get_running_loop(), done))
        ready.set()
        await done.wait()
        listening.close()
        ending = list(server.under_way)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the next round of the loop

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(20)
    try:
        yield server
    finally:
        loop, done = found[0]
        loop.call_soon_threadsafe(done.set)
        thread.join()
