"""Serving bytes: ranges (RFC 9110, section 14), Content-Disposition, and a response that opens before it starts."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Self

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,400})-([0-9]{1,400})?|-([0-9]{1,400}))[ \t]*", re.IGNORECASE)


class RangeNotSatisfiable(Exception):
    """The range lies outside of the content."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `offset` on, both inside the content."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """The single range asked for; None for the whole: no range, one that is malformed, or several.

    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        if length == 0:
            raise RangeNotSatisfiable
        return ByteRange(size - length, length)
    start = int(first)
    end = min(int(last), size - 1) if last is not None else size - 1
    if last is not None and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    return ByteRange(start, end - start + 1)


_SMALL_BYTES = 64 * 1024
"""So much is sent whole. Else a second task looks out for clients that leave, which costs more than a small file."""


class BlobResponse(StreamingResponse):
    """Streams a blob that `open` has opened: a missing one becomes a problem, or is looked for again, before that."""

    def __init__(
        self, chunks: AsyncIterator[bytes], opened: AsyncExitStack, *, status_code: int, headers: dict[str, str]
    ) -> None:
        super().__init__(chunks, status_code, headers)
        self._chunks = chunks
        self._opened = opened

    @classmethod
    async def open(
        cls,
        opening: AbstractAsyncContextManager[AsyncIterator[bytes]],
        *,
        status_code: int,
        headers: dict[str, str],
    ) -> Self:
        """Raises what entering `opening` raises. The response closes it."""
        async with AsyncExitStack() as stack:
            chunks = await stack.enter_async_context(opening)
            return cls(chunks, stack.pop_all(), status_code=status_code, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            if int(self.headers["Content-Length"]) > _SMALL_BYTES:
                await super().__call__(scope, receive, send)
            else:
                await self._send_whole(send)

    async def _send_whole(self, send: Send) -> None:
        body = b"".join([chunk async for chunk in self._chunks])
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": body})

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            # A server waits for its buffer before it takes a message. Were that the next chunk, one more than the
            # reader reads ahead would be held for a slow client.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            del chunk  # so that it is free while the next one comes
        await send({"type": "http.response.body", "body": b"", "more_body": False})
