"""Walking listings page by page."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import httpx

from registry.client.models import Document
from registry.client.transport import Parameters, Transport, read

T = TypeVar("T")


async def first(items: AsyncIterator[T], count: int | None) -> AsyncIterator[T]:
    """At most the first `count` of `items` (None: all), without asking for a page too many."""
    number = 0
    async for item in items:
        yield item
        number += 1
        if number == count:
            return


async def walk(
    transport: Transport,
    path: str,
    reader: Callable[[Document], T],
    *,
    page_size: int,
    params: Parameters | None = None,
    question: Document | None = None,
    begun: httpx.Response | None = None,
) -> AsyncIterator[T]:
    """Every item of a listing, following cursors; a page is asked for when its first item is wanted.

    `question` is the body of a search, which is asked by POST. `begun` is the first page's response, where it is there.
    """
    method = "GET" if question is None else "POST"

    def page(body: Document) -> tuple[list[T], str | None]:
        return [reader(item) for item in body["items"]], body["next_cursor"]

    cursor: str | None = None
    response = begun
    while True:
        if response is None:
            asked = {**(params or {}), "limit": page_size, "cursor": cursor}
            response = await transport.call(method, path, repeatable=True, params=asked, json=question)
        items, cursor = read(response, page)
        response = None
        for item in items:
            yield item
        if cursor is None:
            return
