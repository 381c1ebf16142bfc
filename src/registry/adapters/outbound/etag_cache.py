"""Answers by ETag, so that what has not changed is neither sent nor counted again."""

from dataclasses import dataclass

from registry.domain.recent import RecentBytes


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer's body with its ETag; `location` is where a redirect points."""

    etag: str
    body: bytes
    location: str | None = None
    media_type: str = ""


def etag_cache(*, max_bytes: int = 32 * 1024 * 1024) -> RecentBytes[str, CachedAnswer]:
    """The answers used last, by what was asked. A lost entry costs a request, never correctness."""
    return RecentBytes(max_bytes, size=lambda answer: len(answer.body))
