"""A rating as it is stored, served and cached."""

import hashlib
from datetime import datetime
from random import SystemRandom

import orjson

from registry.domain.documents import format_time
from registry.domain.ratings import Rating, rating_members
from registry.ports.cache import CachedRating
from registry.ports.ratings import RatingDocument, RatingSummary

_RANDOM = SystemRandom()
_JITTER = 0.1
_TAG_DIGITS = 32


def rating_document(rating: Rating) -> RatingDocument:
    """The rating with its JSON made ready."""
    body = orjson.dumps(rating_members(rating))
    summary = {
        "net_score": rating.net_score,
        "net_score_range": rating.net_score_range,
        "status": rating.status.value,
        "rated_at": format_time(rating.rated_at),
        "safety": rating.safety,
    }
    return RatingDocument(
        package_id=rating.package_id,
        revision=rating.revision,
        status=rating.status,
        net_score=rating.net_score,
        rated_at=rating.rated_at,
        etag=f'"{hashlib.sha256(body).hexdigest()[:_TAG_DIGITS]}"',
        summary=orjson.dumps(summary),
        body=body,
    )


def safety_of(rating: RatingSummary) -> str | None:
    """The status of the verdict that the rating used."""
    safety: str | None = orjson.loads(rating.summary).get("safety")
    return safety


def cache_entry(rating: RatingDocument, now: datetime) -> CachedRating:
    """The rating as the cache keeps it."""
    return CachedRating(rating.body, rating.etag, rating.rated_at, now)


def jittered(seconds: float) -> float:
    """Up to a tenth more or less, so that what came together does not leave together."""
    return seconds * (1 + _JITTER * (2 * _RANDOM.random() - 1))
