"""Responses leave as uvicorn's own request cycle writes them, byte for byte, and what it refuses is refused."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from registry.wire.request_cycle import RequestCycle
from registry.wire.transport import HeadWithBody
from tests.unit.test_transport import Sent

Headers = list[tuple[bytes, bytes]]
LENGTH = (b"Content-Length", b"4")


def start(headers: Headers, status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def written(
    kind: type[RequestResponseCycle], messages: list[dict[str, Any]], *, method: str = "GET", keep_alive: bool = True
) -> tuple[bytes, bool, int]:
    """What leaves, whether the connection is closed, and how many responses are complete."""
    sent, complete = Sent(), []
    plain = cast("asyncio.Transport", sent)
    transport = HeadWithBody(plain, asyncio.get_running_loop(), must_linger=lambda: False)
    cycle = kind(
        scope=cast("Any", {"method": method}),
        transport=cast("asyncio.Transport", transport),
        flow=FlowControl(plain),
        logger=logging.getLogger(__name__),
        access_logger=logging.getLogger(__name__),
        access_log=False,
        default_headers=[(b"date", b"Mon, 30 Nov 2026 20:20:00 GMT")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: complete.append(1),
    )
    for message in messages:
        await cycle.send(cast("Any", {**message}))
    await asyncio.sleep(0)
    return b"".join(piece for call in sent.calls for piece in call), sent.closed, len(complete)


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "whole": ([start([LENGTH, (b"ETag", b'"1"'), (b"x-tab", b"a\tb")]), body(b"body")], "GET"),
    "in two pieces": ([start([LENGTH]), body(b"bo", more=True), body(b"dy")], "GET"),
    "empty": ([start([(b"content-length", b"0")]), body(b"")], "GET"),
    "of unknown length": ([start([]), body(b"some", more=True), body(b"")], "GET"),
    "in chunks": ([start([(b"Transfer-Encoding", b"chunked")]), body(b"some", more=True), body(b"more")], "GET"),
    "without a body": ([start([], 204), body(b"")], "DELETE"),
    "unchanged": ([start([(b"etag", b'"1"')], 304), body(b"")], "GET"),
    "to HEAD": ([start([LENGTH]), body(b"")], "HEAD"),
    "to HEAD, with a body": ([start([LENGTH]), body(b"body")], "HEAD"),
    "that closes": ([start([LENGTH, (b"Connection", b"x, Close")]), body(b"body")], "GET"),
    "large": ([start([(b"content-length", b"%d" % (1 << 17))]), body(bytes(1 << 17))], "GET"),
}


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize(("messages", "method"), CASES.values(), ids=CASES)
async def test_a_response_leaves_as_uvicorn_writes_it(
    messages: list[dict[str, Any]], method: str, *, keep_alive: bool
) -> None:
    expected = await written(RequestResponseCycle, messages, method=method, keep_alive=keep_alive)
    assert await written(RequestCycle, messages, method=method, keep_alive=keep_alive) == expected


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"a\r\nset-cookie: b")],
        [(b"x", b"a\nb")],
        [(b"x", b"a\x00")],
        [(b"x", b"\x7f")],
        [(b"x y", b"a")],
        [(b"x\r\ny", b"a")],
        [(b"", b"a")],
    ],
)
async def test_a_header_that_would_write_others_is_refused(headers: Headers) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="Invalid HTTP header"):
            await written(RequestCycle, [start(headers)])


@pytest.mark.parametrize("sent", [b"too long", b"sh"])
async def test_a_body_of_another_length_than_announced_is_an_error(sent: bytes) -> None:
    with pytest.raises(RuntimeError, match="Content-Length"):
        await written(RequestCycle, [start([LENGTH]), body(sent)])
