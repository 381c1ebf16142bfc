"""The server's HTTP protocol: bounded heads, bodies that must keep coming, and problem documents for what never becomes
a request.

With `request_cycle.py` the only file that knows uvicorn's inside (`HttpToolsProtocol`, its request cycle and flow
control). `tests/unit/test_uvicorn_internals.py` fails by name when uvicorn changes what is used here.
"""

import asyncio
from typing import Any, cast

import httptools

from registry.api.state import Stopping
from registry.wire import heads
from registry.wire.connections import ConnectionLimits, Connections, Pace
from registry.wire.early_problems import early_problem
from registry.wire.heads import Refusal
from registry.wire.request_cycle import RequestCycles
from registry.wire.transport import HeadWithBody

_WRITE_BUFFER_BYTES = 64 * 1024
_MAX_PIPELINED = 16
_DRAIN_SECONDS = 30.0
"""So long the rest of a body is read and dropped after its request was answered: closing earlier could cost the client
the response."""
_LINGER_SECONDS = 5.0
"""So long a client whose connection was closed in the middle of a body has to read why."""
_LAST_CHANCE_SECONDS = 0.5
"""A stopping server waits so long for a request that may be on its way before it closes a connection."""
_BETWEEN, _HEAD, _BODY = range(3)
_SLOW_BODY = Refusal(408, "The request's body came too slowly, or stopped. Send it again.")
_FULL = Refusal(503, "Too many connections are open. Try again soon.")


class _Refused(Exception):
    """Stops the parser. `refusal` is None where the connection is closed without a response of its own."""

    def __init__(self, refusal: Refusal | None) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class ServerProtocol:
    """Makes the protocol of each connection; given to uvicorn in place of a class, and sent to its workers."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._connections: Connections | None = None

    def __call__(self, **uvicorn_arguments: Any) -> "BoundedProtocol":
        protocol = BoundedProtocol(**uvicorn_arguments)
        protocol.stopping = stopping = protocol.app_state["stopping"]
        if self._connections is None:
            self._connections = Connections(self._limits, protocol.loop)
            stopping.requests = protocol.tasks
        protocol.watched_by = self._connections
        return protocol


class BoundedProtocol(RequestCycles):
    """One connection. Reading is in one of three phases: between messages, in a head, or in a body."""

    watched_by: Connections
    stopping: Stopping
    _phase = _BETWEEN
    _idle_seconds = 0.0
    _unread_seconds = 0.0
    _drain_seconds = 0.0
    _linger_seconds: float | None = None
    _ends = False
    """The server stops: the connection is closed when nothing comes any more."""
    _unsent_bytes = 0
    _unparsed_bytes = 0
    _trailers = 0
    _owed = 0
    """Requests whose responses are not complete."""
    _stopped = False
    """Nothing is parsed any more: the connection will be closed once what it owes is sent."""
    _deferred: bytes | None = None
    """A refusal that waits until earlier requests of the connection are answered."""
    _received_bytes = 0
    _pace: Pace | None = None
    """Made when a body is not complete by the next look: most come with their heads."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        gathering = HeadWithBody(cast("asyncio.Transport", transport), self.loop, must_linger=self._must_linger)
        super().connection_made(cast("asyncio.Transport", gathering))
        # Once over the limit, all has to leave before more is taken: the last byte of a chunk holds all of it.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=_WRITE_BUFFER_BYTES, low=0)
        if not self.watched_by.add(self):
            self._stopped = True
            self._close_with(_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        self.watched_by.remove(self)
        super().connection_lost(exc)

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._phase, self._idle_seconds, self._trailers = _HEAD, 0.0, 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > heads.MAX_TARGET_BYTES:
            raise _Refused(heads.TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase == _BODY:
            # A trailer field: it must not pass for a header that was there when the request was admitted.
            self._trailers += 1
            if self._trailers > heads.MAX_HEADERS:
                raise _Refused(heads.TOO_MANY_HEADERS)
            return
        name = name.lower()
        if name == b"expect":
            value = value.lower()
            self.expect_100_continue = value == b"100-continue"
        self.headers.append((name, value))
        if len(self.headers) > heads.MAX_HEADERS:
            raise _Refused(heads.TOO_MANY_HEADERS)

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        refusal = heads.refusal_of(self.url, self.headers, version=version)
        if refusal is not None:
            raise _Refused(refusal)
        if version != "1.1":
            self.expect_100_continue = False
        if len(self.pipeline) >= _MAX_PIPELINED:
            self.cycle.keep_alive = False
            raise _Refused(None)
        # While stopping, the client's next request goes to another server.
        self.begin_request(version, keep_alive=version == "1.1" and not self.stopping.begun)
        self._owed += 1
        self._phase, self._unparsed_bytes, self._drain_seconds = _BODY, 0, 0.0
        self._received_bytes, self._pace = 0, None

    def on_body(self, body: bytes) -> None:
        self._received_bytes += len(body)
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase, self._unparsed_bytes, self._idle_seconds = _BETWEEN, 0, 0.0
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        if self._stopped:
            return
        self._unparsed_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is answered as if it had not asked; what follows on the connection is not ours to read.
            self._stopped = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            self._refuse(_refusal_of(error, data))
        else:
            if self._phase != _BETWEEN and self._unparsed_bytes > heads.MAX_HEAD_BYTES:
                self._refuse(heads.HEAD_TOO_LARGE)

    # Refusing.

    def _refuse(self, refusal: Refusal | None) -> None:
        """Stop reading, and send the refusal once all requests before it are answered."""
        if self._stopped or self.transport.is_closing():
            return
        self._stopped = True
        if self._phase != _BODY:
            self._close_with(refusal) if self._owed == 0 else self._refuse_after_others(refusal)
        elif self.pipeline:
            # The request whose body is broken waits for others: it is taken out of their line.
            self.pipeline.popleft()
            self._owed -= 1
            self._refuse_after_others(refusal)
        else:
            begun = self.cycle.response_started
            # The application hears that its client has left.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._close_with(None if begun else refusal)

    def _refuse_after_others(self, refusal: Refusal | None) -> None:
        self.flow.pause_reading()
        self._deferred = self._document(refusal)

    def _close_with(self, refusal: Refusal | None) -> None:
        if document := self._document(refusal):
            self.transport.write(document)
        self.transport.close()

    def _document(self, refusal: Refusal | None) -> bytes:
        if refusal is None:
            return b""
        return early_problem(refusal, target=getattr(self, "url", b""), headers=self.headers or [])

    def on_response_complete(self) -> None:
        # As uvicorn's own does, but without a timer for each response: the watch closes connections that stay idle.
        self._owed -= 1
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._deferred is not None and self._owed == 0:
            self.transport.write(self._deferred)
            self.transport.close()

    # Ending.

    def shutdown(self) -> None:
        """Called once when the server stops taking connections. A request may be on its way, or have begun to come."""
        self._ends = True
        if self._owed:
            self.cycle.keep_alive = False
        elif self._phase == _BODY or (self._phase == _BETWEEN and self._idle_seconds > _LAST_CHANCE_SECONDS):
            self.transport.close()

    def _must_linger(self) -> bool:
        if self._phase != _BODY:
            return False
        self._stopped, self._linger_seconds = True, 0.0
        self.flow.resume_reading()
        return True

    # Watching.

    @property
    def idle_seconds(self) -> float | None:
        if self._linger_seconds is not None:
            return self._linger_seconds
        return self._idle_seconds if self._phase != _BODY and self._owed == 0 else None

    @property
    def head_bytes(self) -> int:
        return self._unparsed_bytes if self._phase == _HEAD else 0

    def drop(self) -> None:
        self.transport.abort()

    def watch(self, seconds: float) -> None:
        self._watch_reader(seconds)
        if self._linger_seconds is not None:
            self._linger_seconds += seconds
            if self._linger_seconds > _LINGER_SECONDS:
                self.transport.close()
        if self.transport.is_closing() or self.flow.read_paused or self._stopped:
            return
        if self._phase == _BODY:
            self._watch_body(seconds)
        elif self._phase == _HEAD or self._owed == 0:
            self._idle_seconds += seconds
            limits = self.watched_by.limits
            limit = limits.head_seconds
            if self._phase == _BETWEEN and self.cycle is not None:
                limit = limits.keep_alive_seconds
            if self._phase == _BETWEEN and self._ends:
                limit = _LAST_CHANCE_SECONDS
            if self._idle_seconds > limit:
                detail = f"The request's head was not complete within {limit:g} seconds."
                self._refuse(Refusal(408, detail) if self._phase == _HEAD else None)

    def _watch_body(self, seconds: float) -> None:
        if self.cycle.waiting_for_100_continue:
            return
        if self.cycle.response_complete:
            self._drain_seconds += seconds
        if self._pace is None:
            self._pace = Pace(self.watched_by.limits)
        if self._pace.is_too_slow(self._received_bytes, seconds) or self._drain_seconds > _DRAIN_SECONDS:
            self._refuse(_SLOW_BODY)

    def _watch_reader(self, seconds: float) -> None:
        """Cut a client that leaves its responses unread: what waits for it is held in memory."""
        unsent = self.transport.get_write_buffer_size()
        waits = unsent > 0 and unsent >= self._unsent_bytes > 0
        self._unread_seconds = self._unread_seconds + seconds if waits else 0.0
        self._unsent_bytes = unsent
        if self._unread_seconds > self.watched_by.limits.response_idle_seconds:
            self.transport.abort()

    def resume_writing(self) -> None:
        self._unread_seconds = 0.0
        super().resume_writing()


def _refusal_of(error: httptools.HttpParserError, data: bytes) -> Refusal | None:
    if isinstance(error.__context__, _Refused):
        return error.__context__.refusal
    unknown = isinstance(error, httptools.HttpParserInvalidMethodError) and heads.REQUEST_LINE.match(data)
    return heads.UNKNOWN_METHOD if unknown else heads.UNREADABLE
