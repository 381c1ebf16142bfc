"""Any http(s) file, fetched as a stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from urllib.parse import unquote

import httpx

from registry.adapters.outbound.guarded import GuardedResolver, RefusedAddress, pinned_request
from registry.domain.errors import InvalidInput
from registry.ports.blobs import CHUNK_BYTES
from registry.ports.fetching import Fetched, FetchError

_MAX_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpFetcher:
    """Implements `ContentFetcher`. Redirects are followed by hand: each target is judged anew."""

    def __init__(self, client: httpx.AsyncClient, resolver: GuardedResolver) -> None:
        """`client` is shared; its time-outs hold for each step of a transfer, not for the whole."""
        self._client = client
        self._resolver = resolver

    async def check(self, url: str) -> None:
        try:
            await self._resolver.pin(httpx.URL(url))
        except RefusedAddress as error:
            raise InvalidInput(str(error), pointer="/source_url") from None
        except (OSError, UnicodeError, httpx.InvalidURL):
            raise InvalidInput("its host has no address; check the spelling", pointer="/source_url") from None

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncIterator[Fetched]:
        response = await self._open(httpx.URL(url))
        try:
            yield Fetched(_body(response), _filename(response, url), _media_type(response))
        finally:
            await response.aclose()

    async def _open(self, url: httpx.URL) -> httpx.Response:
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                address = await self._resolver.pin(url)
                request = pinned_request(self._client, "GET", url, address, headers={"Accept-Encoding": "identity"})
                response = await self._client.send(request, stream=True, follow_redirects=False)
            except RefusedAddress as error:
                raise FetchError(str(error), transient=False) from None
            except (httpx.HTTPError, OSError) as error:
                raise FetchError(f"no answer from {url.host}: {type(error).__name__}", transient=True) from error
            if response.status_code == httpx.codes.OK:
                return response
            await response.aclose()
            location = response.headers.get("location")
            if not response.is_redirect or location is None:
                status = response.status_code
                raise FetchError(f"{url.host} answered {status}", transient=status in _TRANSIENT)
            url = url.join(location)
        raise FetchError(f"more than {_MAX_REDIRECTS} redirects", transient=False)


async def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw(CHUNK_BYTES):
            yield chunk
    except httpx.HTTPError as error:
        raise FetchError(f"the answer was cut: {type(error).__name__}", transient=True) from error


def _filename(response: httpx.Response, url: str) -> str:
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    return header.get_filename() or unquote(httpx.URL(url).path.rpartition("/")[2]) or "content"


def _media_type(response: httpx.Response) -> str:
    found: str = response.headers.get("content-type", "")
    return found.partition(";")[0].strip() or "application/octet-stream"
