"""Opening a file on another server as a stream: each host on the way is judged, secrets go to one host only."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import httpx

from registry.adapters.outbound.bounds import (
    USUAL_PACE,
    BadAnswer,
    Pace,
    TooSlow,
    content_encoding,
    decoded,
    gathered,
    paced,
)
from registry.adapters.outbound.guarded import GuardedResolver, RefusedAddress, pinned_request
from registry.ports.blobs import CHUNK_BYTES
from registry.ports.fetching import FetchError

_MAX_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_SECONDS = 86_400
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """`head_seconds`: from asking to the end of the answer's head, redirects apart. `pace`: of its body."""

    head_seconds: float = 30.0
    pace: Pace = USUAL_PACE


@dataclass(frozen=True, slots=True)
class Transfer:
    """An answer that began: the file's bytes from `starts_at` on, and what the other server says of them.

    `chunks` raises FetchError when the body is cut, damaged or too slow.
    """

    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    starts_at: int = 0


class Transfers:
    """Follows redirects by hand, so that each target is judged as the first one was."""

    def __init__(
        self, client: httpx.AsyncClient, resolver: GuardedResolver, limits: TransferLimits | None = None
    ) -> None:
        """`client` is shared; its time-outs hold for each step of a transfer, `limits` for what they amount to."""
        self._client = client
        self._resolver = resolver
        self._limits = limits or TransferLimits()

    async def judge(self, url: str) -> None:
        """Raises RefusedAddress, and OSError, UnicodeError or httpx.InvalidURL where there is no address."""
        await self._resolver.pin(httpx.URL(url))

    @asynccontextmanager
    async def open(
        self, url: str, *, offset: int = 0, secret_headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Transfer]:
        """The file, from `offset` on where the server can and else all of it (see `Transfer.starts_at`).

        `secret_headers` go to the host of `url` only, not to where it redirects. Raises FetchError.
        """
        response = await self._follow(_parsed(url), offset, secret_headers or {})
        try:
            encoding = _encoding(response)
            starts_at = offset if response.status_code == httpx.codes.PARTIAL_CONTENT else 0
            async with aclosing(_body(response, encoding, self._limits.pace)) as chunks:
                yield Transfer(response.headers, chunks, starts_at)
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
            if response.status_code == httpx.codes.OK or _is_rest(response, offset):
                return response
            await response.aclose()
            location = response.headers.get("location")
            if not response.is_redirect or location is None:
                raise _refusal(url, response)
            url = _redirected(url, location)
        raise FetchError(f"more than {_MAX_REDIRECTS} redirects", transient=False)

    async def _send(self, url: httpx.URL, headers: dict[str, str]) -> httpx.Response:
        try:
            # A head may come byte by byte, or be preceded by any number of interim ones: the client's time-outs see
            # progress in that.
            async with asyncio.timeout(self._limits.head_seconds):
                address = await self._resolver.pin(url)
                request = pinned_request(self._client, "GET", url, address, headers=headers)
                return await self._client.send(request, stream=True, follow_redirects=False)
        except RefusedAddress as error:
            raise FetchError(str(error), transient=False) from None
        except TimeoutError:
            detail = f"no answer from {url.host} within {self._limits.head_seconds:g} s"
            raise FetchError(detail, transient=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise FetchError(f"no answer from {url.host}: {type(error).__name__}", transient=True) from error


async def _body(response: httpx.Response, encoding: str | None, pace: Pace) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in gathered(decoded(paced(response.aiter_raw(), pace), encoding), CHUNK_BYTES):
            yield chunk
    except httpx.HTTPError as error:
        raise FetchError(f"the answer was cut: {type(error).__name__}", transient=True) from error
    except TooSlow as error:
        raise FetchError(f"the answer is too slow: {error}", transient=True) from None
    except BadAnswer as error:
        raise FetchError(str(error), transient=False) from None


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        raise FetchError("the URL cannot be read", transient=False) from None


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise FetchError(f"{url.host} redirects to no address", transient=False) from None
    if url.scheme == "https" and target.scheme == "http":
        raise FetchError(f"{url.host} redirects from https to http, which anybody could change", transient=False)
    return target


def _encoding(response: httpx.Response) -> str | None:
    try:
        encoding = content_encoding(response.headers)
    except BadAnswer as error:
        raise FetchError(str(error), transient=False) from None
    if encoding and response.status_code == httpx.codes.PARTIAL_CONTENT:
        raise FetchError("the answer is a part of an encoded file, which cannot be continued", transient=False)
    return encoding


def _is_rest(response: httpx.Response, offset: int) -> bool:
    """Whether the answer is what was asked for from `offset` on, up to the end. Raises FetchError for another part."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT or not offset:
        return False
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    reaches_end = found is not None and found[3] in ("*", str(int(found[2]) + 1))
    if found is None or int(found[1]) != offset or not reaches_end:
        raise FetchError("the answer is another part of the file than was asked for", transient=False)
    return True


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
