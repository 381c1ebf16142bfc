"""One request and its response on a connection: uvicorn's cycle, with a shorter way for heads and for whole bodies.

uvicorn searches each header's name and value for forbidden characters: a third of a small response's time in the
protocol. Here a name is looked at when it is seen first, and all values at once, in the head that is ready to leave.
What is not usual (chunks, HEAD, errors) takes uvicorn's way.
"""

import asyncio
import re
import urllib.parse
from collections.abc import Iterable
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from registry.wire.transport import HeadWithBody

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110."""
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code != 0x09)
_LINE_END = b"\r\n"
_HELD_BYTES = 64 * 1024
"""The head of a response with no longer a body waits for it: neither is of use without the other."""
_HEAD_END = (b"", b"")
_FRAMING = frozenset({b"content-length: ", b"transfer-encoding: ", b"connection: "})
_MOST_NAMES = 256
_line_starts: dict[bytes, bytes] = {}
"""By the name of a header as the application gives it."""


class RequestCycle(RequestResponseCycle):
    """As uvicorn's, without an access log."""

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._start(message["status"], message["headers"])
        elif self.chunked_encoding is False and not self.response_complete and not message.get("more_body", False):
            body = message.get("body", b"")
            if len(body) != self.expected_content_length or self.scope["method"] == "HEAD":
                await super().send(message)
                return
            self.transport.write(body)
            self.expected_content_length = 0
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()
        else:
            await super().send(message)

    def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        lines, closes = [STATUS_LINE[status][:-2]], False
        for name, value in (*self.default_headers, *headers):
            start = _line_starts.get(name) or _line_start(name)
            lines.append(start + value)
            if start in _FRAMING:
                closes = self._frame(start, value) or closes
        if not self.keep_alive and not closes:
            lines.append(b"connection: close")
        is_head = self.scope["method"] == "HEAD"
        if self.chunked_encoding is None and not is_head and status not in (204, 304):
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked")
        lines += _HEAD_END
        head = _LINE_END.join(lines)
        # With control characters besides those of the line ends, a value would write headers of its own.
        if len(head) - len(head.translate(None, _CONTROLS)) != len(_LINE_END) * (len(lines) - 1):
            raise RuntimeError("Invalid HTTP header value.")
        if self.chunked_encoding is False and self.expected_content_length <= _HELD_BYTES and not is_head:
            cast("HeadWithBody", self.transport).hold(head)
        else:
            self.transport.write(head)

    def _frame(self, start: bytes, value: bytes) -> bool:
        """Note what a header says about the body or the connection; whether it closes the connection."""
        if start == b"connection: ":
            closes = b"close" in [token.lower().strip() for token in value.split(b",")]
            self.keep_alive = self.keep_alive and not closes
            return closes
        if start == b"content-length: " and self.chunked_encoding is None:
            self.expected_content_length, self.chunked_encoding = int(value), False
        elif start == b"transfer-encoding: " and value.lower() == b"chunked":
            self.expected_content_length, self.chunked_encoding = 0, True
        return False


def _line_start(name: bytes) -> bytes:
    """What stands before a header's value. Raises RuntimeError for a name that is no token."""
    if not _NAME.fullmatch(name):
        raise RuntimeError("Invalid HTTP header name.")
    start = name.lower() + b": "
    if len(_line_starts) < _MOST_NAMES:
        _line_starts[name] = start
    return start


class RequestCycles(HttpToolsProtocol):
    """A connection whose requests are such cycles. It never upgrades, and has no limit of requests of its own."""

    def begin_request(self, version: str, *, keep_alive: bool) -> None:
        """As uvicorn does once a head is complete. Raises HttpParserInvalidURLError."""
        scope, before = self.scope, cast("RequestResponseCycle | None", self.cycle)
        scope["http_version"] = version
        scope["method"] = self.parser.get_method().decode("ascii")
        target = httptools.parse_url(self.url)
        path = target.path.decode("ascii")
        scope["path"] = self.root_path + (urllib.parse.unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + target.path
        scope["query_string"] = target.query or b""
        self.cycle = RequestCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
