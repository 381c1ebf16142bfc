"""Bodies that bring bytes: how much memory they may hold, and how slow they may be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from starlette.exceptions import HTTPException
from starlette.requests import Request

from registry.api.state import state_of
from registry.api.strict_json import media_type_of
from registry.services.uploads.admission import STREAM_BYTES

_JSON_COPIES = 4
"""A JSON body with content_base64 is there as bytes, as text, as a value and decoded."""


def room_for_body(request: Request) -> AbstractAsyncContextManager[None]:
    """Hold the memory that the request's body will take. Entering raises Unavailable when there is none in time."""
    state = state_of(request.scope)
    text = request.headers.get("content-length", "")
    length = int(text) if text.isdecimal() and len(text) < 20 else STREAM_BYTES
    if media_type_of(request) == "application/json":
        most = state.limits.max_inline_bytes * 4 // 3 + state.limits.max_json_bytes
        return state.services.admission.room(_JSON_COPIES * min(length, most))
    return state.services.admission.room(min(length, STREAM_BYTES))


async def prompt_chunks(request: Request) -> AsyncIterator[bytes]:
    """The body. Raises 408 when the client is silent for too long: a dead line must not hold memory for ever."""
    idle_seconds = state_of(request.scope).limits.body_idle_seconds
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise HTTPException(408, f"Nothing arrived for {idle_seconds:g} seconds; send it again.") from None
        if chunk is None:
            return
        yield chunk
