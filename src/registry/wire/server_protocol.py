"""The server's HTTP parser: problem documents for what never becomes a request, heads that leave with their bodies, and
no more buffered than is sent."""

import asyncio
import secrets
from typing import Any, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from registry.api.problems import HTTP_PROBLEMS, PROBLEM_MEDIA_TYPE

_WRITE_BUFFER_BYTES = 64 * 1024


class HeadWithBody:
    """A transport that sends a response's head together with the first bytes of its body.

    uvicorn writes them one after the other, and uvloop asks the system at once: two calls and two segments, of which
    the first was 13 % of the event loop's time of a small publish. Without a body the head leaves in the loop's next
    turn.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._transport, name)
        setattr(self, name, member)  # the next access does not come here
        return member

    def write(self, data: bytes) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._transport.writelines((head, data) if data else (head,))
        elif data[:9] == b"HTTP/1.1 ":
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._transport.write(head)


class ProblemProtocol(HttpToolsProtocol):
    """Answers bytes that are no HTTP request as all other errors are answered, instead of in plain text."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        gathering = HeadWithBody(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
        # Once over the limit, all has to leave before more is taken: the last byte of a chunk holds all of it.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=_WRITE_BUFFER_BYTES, low=0)

    def send_400_response(self, msg: str) -> None:
        """Write the whole response and close: there is no request that the application could answer."""
        kind = HTTP_PROBLEMS[400]
        request_id = secrets.token_hex(16)
        body = orjson.dumps(
            {
                "type": f"/problems/{kind.slug}",
                "title": kind.title,
                "status": kind.status,
                "detail": msg,
                "instance": "",
                "request_id": request_id,
            }
        )
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {PROBLEM_MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
