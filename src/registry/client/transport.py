"""Requests and their repetition: one place that knows httpx, tokens and patience."""

import asyncio
import itertools
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import httpx

from registry.client.errors import InvalidAnswer, Unreachable, problem_error

T = TypeVar("T")
Parameters = Mapping[str, str | int | float | bool | None]

_MAX_REDIRECTS = 3  # a bucket may send its clients on to its own region
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Retries:
    """How stubborn the client is.

    Requests that may be repeated (reads, and publishes by their Idempotency-Key) are tried again when the connection
    fails and on 503; every request is tried again when it never left, and on 429. Waits double from
    `first_wait_seconds`, with jitter; a `Retry-After` is honoured instead, but one above `longest_wait_seconds` ends
    the trying.
    """

    attempts: int = 4
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def pause(self, attempt: int, *, asked_seconds: float | None = None) -> None:
        """Wait after the failed attempt number `attempt` (from 1)."""
        if asked_seconds is None:
            longest = min(self.first_wait_seconds * 2 ** (attempt - 1), self.longest_wait_seconds)
            asked_seconds = random.uniform(longest / 2, longest)  # noqa: S311 – spreads clients, hides nothing
        await self.sleep(asked_seconds)


class Transport:
    """Sends requests to one registry. `token` is sent to that registry only, never to where it redirects."""

    def __init__(self, base_url: str, *, token: str | None, timeout_seconds: float, retries: Retries) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"not an address of a registry: {base_url!r}; write one like https://registry.example.org")
        self.token = token
        self.retries = retries
        self._http = httpx.AsyncClient(
            base_url=url,
            verify=_trusted_authorities(),
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, 10.0)),
            headers={"User-Agent": "registry-client", "Accept": "application/json"},
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    def build(self, method: str, path: str, **parts: Any) -> httpx.Request:
        """A request to the registry, with the token. `parts` are httpx's: params, json, data, content, headers."""
        request = self._http.build_request(method, path, **parts)
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    async def call(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool | None = None,
        params: Parameters | None = None,
        expected: Sequence[int] = (),
        **parts: Any,
    ) -> httpx.Response:
        """The whole answer. Raises ProblemError from status 400 on, those in `expected` excepted; Unreachable."""
        if params is not None:
            parts["params"] = {name: value for name, value in params.items() if value is not None}
        return await self.send(
            lambda: self.build(method, path, **parts),
            repeatable=method in ("GET", "HEAD") if repeatable is None else repeatable,
            expected=expected,
        )

    async def send(
        self, make_request: Callable[[], httpx.Request], *, repeatable: bool, expected: Sequence[int] = ()
    ) -> httpx.Response:
        """Like `call`, with a request that is made again for every attempt (a streamed body can be read once only)."""
        return await self._persist(make_request, repeatable=repeatable, expected=expected, stream=False)

    async def put(self, url: str, make_body: Callable[[], AsyncIterator[bytes]], *, size: int) -> httpx.Response:
        """Send `size` bytes to a path of the registry, or to an address that the registry signed: without the token."""
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        build = self.build if url.startswith("/") else self._http.build_request
        return await self.send(lambda: build("PUT", url, content=make_body(), headers=headers), repeatable=True)

    @asynccontextmanager
    async def content(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The open answer to a GET of bytes, redirects followed. Statuses 200, 206 and 416 come through."""
        response = await self._persist(
            lambda: self.build("GET", path, headers=headers), repeatable=True, expected=(416,), stream=True
        )
        for _ in range(_MAX_REDIRECTS):
            if not response.has_redirect_location:
                break
            await response.aclose()
            # A fresh request: the signed URL speaks for itself, and the token is nobody else's business.
            target = response.url.join(response.headers["Location"])
            response = await self._persist(
                lambda target=target: self._http.build_request("GET", target, headers=headers),  # type: ignore[misc]
                repeatable=True,
                expected=(416,),
                stream=True,
            )
        try:
            if response.status_code not in (200, 206, 416):
                raise InvalidAnswer(f"the content's address answered with status {response.status_code}")
            yield response
        finally:
            await response.aclose()

    @asynccontextmanager
    async def lines(self, path: str, *, params: Mapping[str, str], accept: str) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of an answer as they come. Raises Unreachable where it breaks off."""
        response = await self._persist(
            lambda: self.build("GET", path, params=params, headers={"Accept": accept}),
            repeatable=True,
            expected=(),
            stream=True,
        )
        try:
            yield response.aiter_lines()
        except httpx.RequestError as error:
            raise Unreachable(f"the answer of {self.origin} broke off: {reason_of(error)}") from error
        finally:
            await response.aclose()

    async def _persist(
        self, make_request: Callable[[], httpx.Request], *, repeatable: bool, expected: Sequence[int], stream: bool
    ) -> httpx.Response:
        for attempt in itertools.count(1):
            last = attempt >= self.retries.attempts
            try:
                response = await self._attempt(make_request(), stream=stream)
            except httpx.RequestError as error:
                if last or not (repeatable or isinstance(error, _NOT_SENT)):
                    raise Unreachable(f"No answer from {self.origin}: {reason_of(error)}.") from error
                await self.retries.pause(attempt)
                continue
            if response.status_code < 400 or response.status_code in expected:
                return self._checked(response, stream=stream)
            asked_seconds = _retry_after_seconds(response)
            again = response.status_code == 429 or (response.status_code == 503 and repeatable)
            if last or not again or (asked_seconds or 0.0) > self.retries.longest_wait_seconds:
                raise problem_error(response)
            await self.retries.pause(attempt, asked_seconds=asked_seconds)
        raise AssertionError("the loop above ends by itself")

    async def _attempt(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        response = await self._http.send(request, stream=stream, follow_redirects=False)
        if stream and response.status_code >= 400:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response

    def _checked(self, response: httpx.Response, *, stream: bool) -> httpx.Response:
        if response.has_redirect_location and not stream:
            # Following would hand the token, or a publish, to an address that nobody chose.
            target = response.url.join(response.headers["Location"])
            raise InvalidAnswer(f"{self.origin} sends its clients to {target}; use that address if you trust it")
        return response

    @property
    def origin(self) -> str:
        """The registry's address, without a slash at its end."""
        return str(self._http.base_url).rstrip("/")


@cache
def _trusted_authorities() -> ssl.SSLContext:
    # Reading them takes 20 to 40 ms, so it is done once for all clients of the process.
    return httpx.create_ssl_context()


def reason_of(error: httpx.RequestError) -> str:
    """An error of the connection in words; httpx's timeouts have none of their own."""
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "the host name is not known"
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS; does its address begin with http:// instead of https://?"
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    return "nothing listens there" if text == "All connection attempts failed" else text or type(error).__name__


def read(response: httpx.Response, reader: Callable[[Any], T]) -> T:
    """What `reader` makes of the JSON answer. Raises InvalidAnswer when it is not what the API promises."""
    try:
        return reader(response.json())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidAnswer(
            f"{response.request.method} {response.url.path} was answered with something else than the registry's JSON; "
            "is the address right?"
        ) from error


def _retry_after_seconds(response: httpx.Response) -> float | None:
    # The registry sends seconds. The date form (RFC 9110) is for proxies: without one the client's own waits serve.
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
