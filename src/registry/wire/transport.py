"""A transport that sends a response's head together with the first bytes of its body."""

import asyncio
from collections.abc import Callable
from typing import Any


class HeadWithBody:
    """Wraps the connection's transport.

    uvicorn writes them one after the other, and uvloop asks the system at once: two calls and two segments, of which
    the first was 13 % of the event loop's time of a small publish. Without a body the head leaves in the loop's next
    turn.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, *, must_linger: Callable[[], bool]
    ) -> None:
        """`must_linger` is asked when the connection is to be closed: whether its client may still be sending."""
        self._transport = transport
        self._loop = loop
        self._must_linger = must_linger
        self._lingers = False
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

    def hold(self, head: bytes) -> None:
        """Keep a head until its body is written, or the connection is closed."""
        self._send_head()
        self._head = head

    def is_closing(self) -> bool:
        return self._lingers or self._transport.is_closing()

    def close(self) -> None:
        """Close after what was written. A client that is still sending gets the response's end first and may stop:
        closing at once would reset the connection, and could cost the client the response (RFC 9112, section 9.6).
        """
        self._send_head()
        if not self.is_closing() and self._must_linger():
            self._lingers = True
            self._transport.write_eof()
        else:
            self._transport.close()

    def _send_head(self) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._transport.write(head)
