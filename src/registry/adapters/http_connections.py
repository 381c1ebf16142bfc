"""HTTP/1.1 connections to one engine: a request goes out in one write, and its answer comes back whole.

For the many small calls of engines. A general client makes a request, a response, streams and timers for each of them,
which takes twice the CPU of all else in such a call. Answers are parsed by httptools. What is special is left to
aiobotocore's own client: proxies, and bodies too long to be held.
"""

import asyncio
import socket
import ssl
from typing import NamedTuple, cast

import httptools

_IDLE_SECONDS = 12.0
"""As long as aiobotocore keeps a connection that nobody uses. DynamoDB and S3 end theirs somewhat later."""
_INFORMATIONAL = 200
_BODILESS = frozenset({204, 304})


class Answer(NamedTuple):
    """The names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpConnections:
    """Up to `limit` connections to a host, with TLS where there is a context. Used in one event loop.

    `read_seconds` is the longest silence within an answer; None: the caller limits the time.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        limit: int,
        connect_seconds: float,
        read_seconds: float | None,
    ) -> None:
        self._host = host
        self._port = port
        self.tls = tls
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._slots = asyncio.Semaphore(limit)
        self._free: list[_Connection] = []

    async def send(self, head: bytes, body: bytes = b"", *, head_only: bool = False) -> Answer:
        """The answer to a request whose `head` is complete. `head_only`: the request is a HEAD.

        Raises OSError (TimeoutError among them) where no answer comes, or one that cannot be understood.
        """
        async with self._slots:
            connection = self._take() or await self._connect()
            try:
                answer = await connection.ask(head, body, head_only=head_only)
            except BaseException:
                # What would still come must not be taken for the answer to the next request.
                connection.abort()
                raise
            if connection.is_reusable:
                self._free.append(connection)
            else:
                connection.abort()
            return answer

    def close(self) -> None:
        """End the connections that nobody uses; the others end with their requests."""
        while self._free:
            self._free.pop().abort()

    def _take(self) -> "_Connection | None":
        while self._free:
            connection = self._free.pop()
            if connection.is_reusable and not connection.is_stale:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await loop.create_connection(
                lambda: _Connection(loop, self._read_seconds),
                self._host,
                self._port,
                ssl=self.tls,
                server_hostname=self._host if self.tls else None,
            )
        return connection


class _Connection(asyncio.Protocol):
    """One request at a time."""

    _transport: asyncio.Transport
    _answered: asyncio.Future[Answer] | None = None
    _watch: asyncio.TimerHandle | None = None
    _heard_at = 0.0
    _head_only = False
    _complete = True
    _keeps_alive = True

    def __init__(self, loop: asyncio.AbstractEventLoop, read_seconds: float | None) -> None:
        self._loop = loop
        self._read_seconds = read_seconds
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    @property
    def is_reusable(self) -> bool:
        """Whether the next request may go over it."""
        return self._keeps_alive and self._complete and not self._transport.is_closing()

    @property
    def is_stale(self) -> bool:
        """Whether the other side may be about to end it."""
        return self._loop.time() - self._heard_at > _IDLE_SECONDS

    async def ask(self, head: bytes, body: bytes, *, head_only: bool) -> Answer:
        self._answered = self._loop.create_future()
        self._head_only, self._complete = head_only, False
        self._heard_at = self._loop.time()
        self._transport.writelines((head, body) if body else (head,))
        if self._read_seconds is not None and self._watch is None:
            self._watch = self._loop.call_later(self._read_seconds, self._look)
        return await self._answered

    def abort(self) -> None:
        """End the connection at once."""
        self._answered = None
        self._transport.abort()

    def _look(self) -> None:
        """Fail a request whose answer does not come. One timer for all requests of the connection."""
        self._watch = None
        if self._answered is None or self._read_seconds is None:
            return
        left = self._heard_at + self._read_seconds - self._loop.time()
        if left <= 0:
            self._fail(TimeoutError("no answer in time"))
        else:
            self._watch = self._loop.call_later(left, self._look)

    def _fail(self, error: OSError) -> None:
        self._keeps_alive = False
        answered, self._answered = self._answered, None
        if answered is not None and not answered.done():
            answered.set_exception(error)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        connected = transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("the connection ended"))

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if self._answered is None:
            # Nobody asked: what follows could not be told from an answer.
            self._keeps_alive = False
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ConnectionError(f"the answer is not HTTP ({type(error).__name__})"))

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._complete:
            self._keeps_alive = False  # it came with the answer, and nobody asked

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._head_only and self._parser.get_status_code() >= _INFORMATIONAL:
            # The length in the head is that of a body which does not come; the parser waits for it.
            self._keeps_alive = self._parser.should_keep_alive()
            self._answer(self._parser.get_status_code())
            self._begin()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._complete or status < _INFORMATIONAL:
            self._headers, self._body = {}, []
            return
        self._keeps_alive = self._parser.should_keep_alive()
        self._answer(status)

    def _answer(self, status: int) -> None:
        answer = Answer(status, self._headers, b"".join(self._body))
        self._headers, self._body = {}, []
        self._complete = True
        if self._transport.get_write_buffer_size():
            self._keeps_alive = False  # it refused what it has not read yet
        answered, self._answered = self._answered, None
        if answered is not None and not answered.done():
            answered.set_result(answer)
