"""The server's HTTP parser: problem documents for what never becomes a request, and no more buffered than is sent."""

import asyncio
import secrets
from typing import cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from registry.api.problems import HTTP_PROBLEMS, PROBLEM_MEDIA_TYPE

_WRITE_BUFFER_BYTES = 64 * 1024


class ProblemProtocol(HttpToolsProtocol):
    """Answers bytes that are no HTTP request as all other errors are answered, instead of in plain text."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn wants the narrower type
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
