"""Connections to an engine, against servers that answer as they should, and against others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from registry.adapters.http_connections import Answer, HttpConnections

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"POST / HTTP/1.1\r\nhost: engine\r\ncontent-length: 0\r\n\r\n"
GOOD = b"HTTP/1.1 200 OK\r\nX-Name: Value\r\ncontent-length: 4\r\n\r\ngood"
GOOD_ANSWER = Answer(200, {"x-name": "Value", "content-length": "4"}, b"good")


class Engine:
    """A server that answers requests with `answers`, one after the other, on whatever connection they come."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self.answers = list(answers)
        self.closes = closes
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                await reader.readuntil(b"\r\n\r\n")
                for piece in self.answers.pop(0).split(b"|"):
                    writer.write(piece)
                    await writer.drain()
                if self.closes:
                    break
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def connected(
    engine: Engine, *, limit: int = 2, read_seconds: float | None = 30.0
) -> AsyncIterator[HttpConnections]:
    async with await asyncio.start_server(engine.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connections = HttpConnections(
            "127.0.0.1", port, tls=None, limit=limit, connect_seconds=30.0, read_seconds=read_seconds
        )
        try:
            yield connections
        finally:
            connections.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 – nothing tells that a connection has ended
            await asyncio.sleep(0.001)


def is_open(connections: HttpConnections) -> bool:
    return any(connection.is_reusable for connection in connections._free)


async def test_requests_share_a_connection() -> None:
    engine = Engine(GOOD, GOOD, GOOD)
    async with connected(engine) as connections:
        assert [await connections.send(HEAD) for _ in range(3)] == [GOOD_ANSWER] * 3
    assert engine.connections == 1


async def test_no_more_connections_are_made_than_allowed() -> None:
    engine = Engine(*[GOOD] * 20)
    async with connected(engine, limit=2) as connections:
        answers = await asyncio.gather(*(connections.send(HEAD) for _ in range(20)))
    assert answers == [GOOD_ANSWER] * 20
    assert engine.connections <= 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX-Na|me: Value\r\ncontent-length: 4\r\n\r|\ngo|od",
        b"HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK\r\nX-Name: Value\r\ncontent-length: 4\r\n\r\ngood",
    ],
)
async def test_an_answer_may_come_in_pieces(answer: bytes) -> None:
    engine = Engine(answer, GOOD)
    async with connected(engine) as connections:
        assert await connections.send(HEAD) == GOOD_ANSWER
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 1


async def test_chunks_are_joined() -> None:
    engine = Engine(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ngo\r\n|2\r\nod\r\n0\r\n\r\n", GOOD)
    async with connected(engine) as connections:
        assert (await connections.send(HEAD)).body == b"good"
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 1


async def test_the_answer_to_a_head_has_a_length_and_no_body() -> None:
    engine = Engine(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", GOOD)
    async with connected(engine) as connections:
        assert await connections.send(HEAD, head_only=True) == Answer(200, {"content-length": "7"}, b"")
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 1


@pytest.mark.parametrize("closes", [True, False])
async def test_a_connection_that_ends_is_not_used_again(*, closes: bool) -> None:
    last = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\ngood"
    engine = Engine(GOOD if closes else last, GOOD, closes=closes)
    async with connected(engine) as connections:
        assert (await connections.send(HEAD)).body == b"good"
        if closes:
            await until(lambda: not is_open(connections))
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngo",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_whole_answer_is_an_error(answer: bytes) -> None:
    engine = Engine(answer, GOOD, closes=True)
    async with connected(engine) as connections:
        with pytest.raises(OSError, match=r"ended|not HTTP"):
            await connections.send(HEAD)
        assert await connections.send(HEAD) == GOOD_ANSWER


async def test_bytes_that_nobody_asked_for_are_no_answer() -> None:
    engine = Engine(GOOD + b"|" + GOOD.replace(b"good", b"evil"), GOOD)
    async with connected(engine) as connections:
        assert await connections.send(HEAD) == GOOD_ANSWER
        await until(lambda: not is_open(connections))
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 2


async def test_the_answer_to_a_request_that_was_given_up_is_not_taken_for_the_next() -> None:
    engine = Engine(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", GOOD)
    async with connected(engine) as connections:
        given_up = asyncio.ensure_future(connections.send(HEAD))
        await until(lambda: len(engine.answers) == 1)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await connections.send(HEAD) == GOOD_ANSWER
    assert engine.connections == 2


async def test_silence_is_an_error() -> None:
    engine = Engine(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ng", GOOD)
    async with connected(engine, read_seconds=0.05) as connections:
        with pytest.raises(TimeoutError):
            await connections.send(HEAD)


async def test_a_server_that_refuses_connections_is_an_error() -> None:
    async with connected(Engine()) as connections:
        pass
    with pytest.raises(OSError, match=r"refused|ended|Connect"):
        await connections.send(HEAD)
