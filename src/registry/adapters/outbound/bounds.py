"""What the body of another server's answer may cost: a least rate, and at most one encoding, which is undone."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

_STEP_BYTES = 256 * 1024
"""How much is inflated at a time, whatever a few bytes claim to hold."""
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class BadAnswer(Exception):
    """The answer is not one that can be used. Its text is fit for users."""


class TooSlow(Exception):
    """The bytes of the answer come too slowly. Its text is fit for users."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The least rate at which bytes must come. Silence and trickle of up to `grace_seconds` are made good by speed."""

    least_bytes_per_second: int = 1024
    grace_seconds: float = 20.0


USUAL_PACE = Pace()


async def paced(chunks: AsyncIterator[bytes], pace: Pace) -> AsyncIterator[bytes]:
    """The chunks as they come. Raises TooSlow. Only waiting for the other server counts, not what is done with them."""
    loop = asyncio.get_running_loop()
    left_seconds = pace.grace_seconds
    while True:
        began = loop.time()
        try:
            async with asyncio.timeout(left_seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow(f"fewer than {pace.least_bytes_per_second} bytes a second came") from None
        gained = len(chunk) / pace.least_bytes_per_second
        left_seconds = min(left_seconds - (loop.time() - began) + gained, pace.grace_seconds)
        yield chunk


def content_encoding(headers: Mapping[str, str]) -> str | None:
    """The encoding of an answer's body, None for none. Raises BadAnswer for several and for those not known here."""
    named = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    encodings = [name for name in named if name not in ("", "identity")]
    if not encodings:
        return None
    if len(encodings) > 1:
        raise BadAnswer(f"the answer is encoded {len(encodings)} times over, which is not taken")
    if encodings[0] not in _WINDOW_BITS:
        raise BadAnswer("the answer has a content encoding that was not asked for")
    return encodings[0]


async def decoded(chunks: AsyncIterator[bytes], encoding: str | None) -> AsyncIterator[bytes]:
    """The chunks with their encoding undone, step by step: however much they hold, memory is bounded.

    Raises BadAnswer for damaged ones and for what stands after their end.
    """
    if encoding is None:
        async for chunk in chunks:
            yield chunk
        return
    inflater = _Inflater(encoding)
    async for chunk in chunks:
        inflater.feed(chunk)
        while step := inflater.step():
            yield step
    if not inflater.ended:
        raise BadAnswer("the answer's content encoding is cut or damaged")


class _Inflater:
    """Inflates gzip (one or several members) and deflate, in the zlib form and the bare one that some servers send."""

    def __init__(self, encoding: str) -> None:
        self._bits = _WINDOW_BITS[encoding]
        self._inflate = zlib.decompressobj(self._bits)
        self._rest = b""
        self._begun = False
        self._full = False

    @property
    def ended(self) -> bool:
        """Whether all of the encoded body was there; a body of no bytes is none that is cut."""
        return self._inflate.eof or not self._begun

    def feed(self, chunk: bytes) -> None:
        if chunk and not self._begun and self._bits == _WINDOW_BITS["deflate"] and not _is_zlib(chunk):
            self._inflate = zlib.decompressobj(-15)
        self._begun = self._begun or bool(chunk)
        self._rest += chunk

    def step(self) -> bytes:
        """The next bytes, none when more must be fed."""
        while self._rest or self._full:
            if self._inflate.eof:
                if self._bits != _WINDOW_BITS["gzip"]:
                    raise BadAnswer("bytes stand after the end of the answer's content encoding")
                self._inflate = zlib.decompressobj(self._bits)
            try:
                found = self._inflate.decompress(self._rest, _STEP_BYTES)
            except zlib.error:
                raise BadAnswer("the answer's content encoding is cut or damaged") from None
            # After a full step more may wait inside, even where all of the input is taken.
            self._full = len(found) == _STEP_BYTES
            self._rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            self._full = self._full and not self._inflate.eof
            if found:
                return found
        return b""


def _is_zlib(chunk: bytes) -> bool:
    """RFC 1950: method 8, and the first two bytes are a multiple of 31."""
    return chunk[0] & 0x0F == 8 and (len(chunk) < 2 or int.from_bytes(chunk[:2], "big") % 31 == 0)


async def gathered(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same bytes in chunks of `size`, the last one smaller."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)
