"""Bodies that bring bytes: how much memory they may hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from registry.api.state import state_of
from registry.api.strict_json import announced_length, media_type_of
from registry.services.uploads.admission import STREAM_BYTES, Hold

_JSON_COPIES = 4
"""A JSON body with content_base64 is there as bytes, as text, as a value and decoded."""


@asynccontextmanager
async def admitted_body(request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
    """The request's body. It takes its share of the memory for bodies once more than 64 KiB have come.

    Reading it raises Unavailable when there is none in time, or when it comes slowly while others wait.
    """
    state = state_of(request.scope)
    length = announced_length(request)
    if media_type_of(request) == "application/json":
        most = state.limits.max_inline_bytes * 4 // 3 + state.limits.max_json_bytes
        wanted = _JSON_COPIES * (most if length is None else min(length, most))
    else:
        wanted = STREAM_BYTES if length is None else min(length, STREAM_BYTES)
    with state.services.admission.hold(wanted) as hold:
        yield _chunks(request.stream(), hold)


async def _chunks(body: AsyncIterator[bytes], hold: Hold) -> AsyncIterator[bytes]:
    while True:
        # Small bodies go without the bookkeeping: most come whole.
        chunk = await (hold.coming(anext(body, None)) if hold.taken else anext(body, None))
        if chunk is None:
            return
        await hold.came(len(chunk))
        yield chunk
