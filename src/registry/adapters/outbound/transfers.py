"""Opening a file on another server as a stream: each host on the way there is judged, and secrets stay at home."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from registry.adapters.outbound.guarded import GuardedResolver, RefusedAddress, pinned_request
from registry.ports.blobs import CHUNK_BYTES
from registry.ports.fetching import FetchError

_MAX_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = frozenset({httpx.codes.OK, httpx.codes.PARTIAL_CONTENT})
_LONGEST_WAIT_SECONDS = 86_400


class Transfers:
    """Follows redirects by hand, so that each target is judged anew."""

    def __init__(self, client: httpx.AsyncClient, resolver: GuardedResolver) -> None:
        """`client` is shared; its time-outs hold for each step of a transfer, not for the whole."""
        self._client = client
        self._resolver = resolver

    async def judge(self, url: str) -> None:
        """Raises RefusedAddress, and OSError, UnicodeError or httpx.InvalidURL where there is no address."""
        await self._resolver.pin(httpx.URL(url))

    @asynccontextmanager
    async def open(
        self, url: str, *, offset: int = 0, secret_headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer with the file's bytes, from `offset` on where the server can (206) and else all of them (200).

        `secret_headers` go to the host of `url` only, not to where it redirects. Raises FetchError.
        """
        response = await self._follow(httpx.URL(url), offset, secret_headers or {})
        try:
            yield response
        finally:
            await response.aclose()

    async def _follow(self, url: httpx.URL, offset: int, secret_headers: Mapping[str, str]) -> httpx.Response:
        home = _origin(url)
        for _ in range(_MAX_REDIRECTS + 1):
            headers = {"Accept-Encoding": "identity"}
            if offset:
                headers["Range"] = f"bytes={offset}-"
            if _origin(url) == home:
                headers |= secret_headers
            response = await self._send(url, headers)
            if response.status_code in _OK:
                return response
            await response.aclose()
            location = response.headers.get("location")
            if not response.is_redirect or location is None:
                raise _refusal(url, response)
            try:
                url = url.join(location)
            except httpx.InvalidURL:
                raise FetchError(f"{url.host} redirects to no address", transient=False) from None
        raise FetchError(f"more than {_MAX_REDIRECTS} redirects", transient=False)

    async def _send(self, url: httpx.URL, headers: dict[str, str]) -> httpx.Response:
        try:
            address = await self._resolver.pin(url)
            request = pinned_request(self._client, "GET", url, address, headers=headers)
            return await self._client.send(request, stream=True, follow_redirects=False)
        except RefusedAddress as error:
            raise FetchError(str(error), transient=False) from None
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            raise FetchError(f"no answer from {url.host}: {type(error).__name__}", transient=True) from error


async def body(response: httpx.Response) -> AsyncIterator[bytes]:
    """The answer's bytes. Raises FetchError when it is cut."""
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            yield chunk
    except httpx.HTTPError as error:
        raise FetchError(f"the answer was cut: {type(error).__name__}", transient=True) from error


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _refusal(url: httpx.URL, response: httpx.Response) -> FetchError:
    status = response.status_code
    wait = response.headers.get("retry-after", "")
    seconds = float(wait) if wait.isascii() and wait.isdigit() and len(wait) <= 12 else 0.0
    return FetchError(
        f"{url.host} answered {status}",
        # A rate limit may come as 403, too: then it says when to come again.
        transient=status in _TRANSIENT or (status == httpx.codes.FORBIDDEN and seconds > 0),
        retry_after_seconds=min(seconds, _LONGEST_WAIT_SECONDS),
    )
