"""multipart/form-data as a stream of parts, with the push parser of `multipart`; no byte of a part is kept."""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from starlette.exceptions import HTTPException

from registry.domain.errors import TooLarge

_MAX_HEADERS = 16
_MAX_HEADER_BYTES = 4 * 1024
_MAX_BOUNDARY = 70
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"})
# RFC 7578 forbids this form (RFC 8187) here, but clients exist that send it.
_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*\"?([^'\";\s]*)'[^'\";\s]*'([^\";\s]*)", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """The head of a part; its bytes come from `MultipartStream.data`."""

    name: str
    filename: str | None
    media_type: str


_Event: TypeAlias = MultipartSegment | bytes | None


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart body. Raises HTTPException 400."""
    boundary: str = parse_options_header(content_type)[1].get("boundary", "")
    if not 1 <= len(boundary) <= _MAX_BOUNDARY:
        raise HTTPException(400, "multipart/form-data needs a boundary of 1 to 70 characters in Content-Type.")
    return boundary


class MultipartStream:
    """Pulls parts out of a body. Use `next_part`, then `data` to its end, then `next_part` again."""

    def __init__(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        self._chunks = chunks
        self._events: deque[_Event] = deque()
        self._parser = PushMultipartParser(
            boundary.encode("latin-1", "replace"),
            max_header_size=_MAX_HEADER_BYTES,
            max_header_count=_MAX_HEADERS,
        )

    async def next_part(self) -> Part | None:
        """The next part's head, None after the last. Raises HTTPException 400 for a body that is malformed or cut."""
        while await self._parse_more():
            event = self._events.popleft()
            if isinstance(event, MultipartSegment):
                return _part(event)
        return None

    async def data(self) -> AsyncIterator[bytes]:
        """The bytes of the part whose head was last returned."""
        while await self._parse_more():
            event = self._events.popleft()
            if event is None:
                return
            if isinstance(event, bytes):
                yield event

    async def _parse_more(self) -> bool:
        """Whether there is an event; False after the closing boundary."""
        while not self._events:
            chunk = await anext(self._chunks, b"")
            if chunk == b"" and self._parser.closed:
                return False
            try:
                self._events.extend(self._parser.parse(chunk))
            except ParserLimitReached as error:
                raise TooLarge(
                    f"{error}: a part may have {_MAX_HEADERS} headers of {_MAX_HEADER_BYTES} bytes."
                ) from None
            except MultipartError as error:
                raise HTTPException(400, f"The body is not well-formed multipart/form-data: {error}.") from None
            if chunk == b"":
                return bool(self._events)
        return True


def _part(segment: MultipartSegment) -> Part:
    # The parser sees a bare line feed only where a chunk ends after it.
    if any("\n" in value for _, value in segment.headerlist):
        raise HTTPException(
            400, "The body is not well-formed multipart/form-data: a line of a part's head ends without CR."
        )
    filename = segment.filename
    if extended := _EXTENDED_NAME.search(segment.header("Content-Disposition", "")):
        filename = unquote_to_bytes(extended[2]).decode(_known_charset(extended[1]), "replace")
    if segment.name == "metadata" and segment.charset is not None:
        _known_charset(segment.charset)
    name = segment.name or ""
    return Part(
        name, None if filename is None else filename.strip(), segment.content_type or "application/octet-stream"
    )


def _known_charset(name: str) -> str:
    if name.lower() not in _CHARSETS:
        raise HTTPException(400, f"The charset {name[:40]!r} is not understood here; send UTF-8.")
    return name
