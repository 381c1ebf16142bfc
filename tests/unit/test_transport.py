"""Heads of responses leave with the first bytes of their bodies, and never later than the loop's next turn."""

import asyncio
from typing import cast

import pytest

from registry.wire.transport import HeadWithBody

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Sent:
    """A transport that notes what is given to the system at a time."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.closed = False
        self.ended = False

    def write(self, data: bytes) -> None:
        self.calls.append([bytes(data)])

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.calls.append([bytes(piece) for piece in pieces])

    def close(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed


def over(sent: Sent, *, lingers: bool = False) -> HeadWithBody:
    transport = cast("asyncio.Transport", sent)
    return HeadWithBody(transport, asyncio.get_running_loop(), must_linger=lambda: lingers)


@pytest.mark.parametrize("body", [b"body", bytearray(b"body"), memoryview(b"body")])
async def test_head_and_body_are_one_call(body: bytes) -> None:
    sent = Sent()
    transport = over(sent)
    for _ in range(2):
        transport.write(HEAD)
        transport.write(body)
    transport.write(body)
    await asyncio.sleep(0)
    assert sent.calls == [[HEAD, b"body"], [HEAD, b"body"], [b"body"]]


async def test_a_head_without_a_body_does_not_wait_for_one() -> None:
    sent = Sent()
    transport = over(sent)
    transport.write(HEAD)
    transport.write(b"")
    assert sent.calls == [[HEAD]]
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await asyncio.sleep(0)
    assert sent.calls[1:] == [[b"HTTP/1.1 100 Continue\r\n\r\n"]]
    await asyncio.sleep(0)
    assert len(sent.calls) == 2


async def test_what_looks_like_a_head_keeps_its_place() -> None:
    sent = Sent()
    transport = over(sent)
    transport.write(HEAD)
    for piece in (b"HTTP/1.1 is", b"HTTP/1.1 old", b"."):
        transport.write(piece)
    await asyncio.sleep(0)
    assert b"".join(piece for call in sent.calls for piece in call) == HEAD + b"HTTP/1.1 isHTTP/1.1 old."


async def test_closing_sends_the_head_first() -> None:
    sent = Sent()
    transport = over(sent)
    transport.write(HEAD)
    transport.close()
    assert (sent.calls, sent.closed, transport.is_closing()) == ([[HEAD]], True, True)
    await asyncio.sleep(0)
    assert len(sent.calls) == 1


async def test_a_client_that_is_still_sending_gets_the_end_before_the_connection_is_closed() -> None:
    sent = Sent()
    transport = over(sent, lingers=True)
    transport.write(HEAD)
    transport.close()
    assert (sent.calls, sent.ended, sent.closed) == ([[HEAD]], True, False)
    assert transport.is_closing(), "nothing more is written"
    transport.close()
    assert sent.closed
