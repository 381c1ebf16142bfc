"""`?include=rating`: the rating beside a package, spliced into its ready JSON."""

from typing import Annotated, Literal

from fastapi import Query

from registry.domain.errors import InvalidInput
from registry.ports.ratings import RatingSummary

Include = Annotated[Literal["rating"] | None, Query(description="`rating`: with the latest rating, or null")]


def wants_rating(include: str | None) -> bool:
    """For routes without FastAPI's validation. Raises InvalidInput for anything but `rating`."""
    if include not in (None, "rating"):
        raise InvalidInput("only `rating` can be included", pointer="/include")
    return include is not None


def with_rating(document: bytes, rating: RatingSummary | None) -> bytes:
    """A package's JSON with the member `rating`; null when it has none."""
    return document[:-1] + b',"rating":' + (rating.summary if rating else b"null") + b"}"
