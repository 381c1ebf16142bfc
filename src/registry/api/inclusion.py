"""`?include=rating`: the rating beside a package, spliced into its ready JSON."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Protocol

from fastapi import Query

from registry.domain.errors import InvalidInput
from registry.ports.ratings import RatingSummary
from registry.services.ratings.ratings import Ratings

Include = Annotated[Literal["rating"] | None, Query(description="`rating`: with the latest rating, or null")]


def wants_rating(include: str | None) -> bool:
    """For routes without FastAPI's validation. Raises InvalidInput for anything but `rating`."""
    if include not in (None, "rating"):
        raise InvalidInput("only `rating` can be included", pointer="/include")
    return include is not None


class Rated(Protocol):
    """An item of a page: a package or its summary."""

    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> int: ...


async def page_items(
    items: Sequence[Rated], documents: Iterable[bytes], include: str | None, ratings: Ratings
) -> list[bytes]:
    """The JSON of a page's items, in order; with the rating of each item's revision where `include` asks for it."""
    if not wants_rating(include):
        return list(documents)
    found = await ratings.find_summaries([(item.id, item.revision) for item in items])
    return [with_rating(document, found.get(item.id)) for item, document in zip(items, documents, strict=True)]


def with_rating(document: bytes, rating: RatingSummary | None) -> bytes:
    """A package's JSON with the member `rating`; null when it has none."""
    return document[:-1] + b',"rating":' + (rating.summary if rating else b"null") + b"}"
