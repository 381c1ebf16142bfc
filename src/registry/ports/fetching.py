"""Fetching what a URL points to, for packages that are published by `source_url`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from registry.domain.packages import Dependency


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What another service says of what it gives, as it says it. `license` is that service's name for it.

    `revision` is the commit that was fetched, None where the source has no commits.
    """

    description: str = ""
    license: str | None = None
    tags: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes on their way in from another server. `filename` and `media_type` are that server's word."""

    chunks: AsyncIterator[bytes]
    filename: str
    media_type: str
    facts: SourceFacts = field(default_factory=SourceFacts)


class FetchError(Exception):
    """The other server did not give the bytes. `transient`: trying again may help, but not before
    `retry_after_seconds` where it said so. Its text is fit for users."""

    def __init__(self, detail: str, *, transient: bool, retry_after_seconds: float = 0.0) -> None:
        self.transient = transient
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class ContentFetcher(Protocol):
    async def check(self, url: str) -> None:
        """Raises InvalidInput for an address that must not be fetched: private, loopback, link-local, not http(s)."""

    def fetch(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """The bytes at the URL: a file, or a repository as a zip.

        Raises FetchError on entering, or later from `chunks` when what arrives is cut or is not what was announced.
        """
