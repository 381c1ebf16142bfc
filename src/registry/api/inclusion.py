"""`?include=rating`: the rating beside a package, spliced into its ready JSON."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Protocol

from fastapi import Query

from registry.domain.errors import InvalidInput
from registry.domain.narrowing import has_verdict
from registry.domain.safety import SafetyStatus
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
    items: Sequence[Rated],
    documents: Iterable[bytes],
    include: str | None,
    ratings: Ratings,
    *,
    safety: SafetyStatus | None = None,
) -> list[bytes]:
    """The JSON of a page's items, in order; with the rating of each item's revision where `include` asks for it.

    With `safety` only the items whose revision has this verdict.
    """
    rated = wants_rating(include)
    if not rated and safety is None:
        return list(documents)
    found = await ratings.find_summaries([(item.id, item.revision) for item in items])
    shown = []
    for item, document in zip(items, documents, strict=True):
        rating = found.get(item.id)
        if safety is None or (rating is not None and has_verdict(rating.summary, safety)):
            shown.append(with_rating(document, rating) if rated else document)
    return shown


def with_rating(document: bytes, rating: RatingSummary | None) -> bytes:
    """A package's JSON with the member `rating`; null when it has none."""
    return document[:-1] + b',"rating":' + (rating.summary if rating else b"null") + b"}"
