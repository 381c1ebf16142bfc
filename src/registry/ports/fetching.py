"""Fetching what a URL points to, for packages that are published by `source_url`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes on their way in from another server. `filename` and `media_type` are that server's word."""

    chunks: AsyncIterator[bytes]
    filename: str
    media_type: str


class FetchError(Exception):
    """The other server did not give the bytes. `transient`: trying again may help. Its text is fit for users."""

    def __init__(self, detail: str, *, transient: bool) -> None:
        self.transient = transient
        super().__init__(detail)


class ContentFetcher(Protocol):
    async def check(self, url: str) -> None:
        """Raises InvalidInput for an address that must not be fetched: private, loopback, link-local, not http(s)."""

    def fetch(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """The bytes behind the URL. Raises FetchError on entering, or later from `chunks` when the answer is cut."""
