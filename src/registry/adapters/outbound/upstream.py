"""Asking another service by HTTP: bounded, retried where that is safe, within its rate limit, from a cache by ETag."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any

import httpx

from registry.adapters.outbound.bounds import USUAL_PACE, BadAnswer, Pace, TooSlow, content_encoding, decoded, paced
from registry.adapters.outbound.etag_cache import CachedAnswer, etag_cache
from registry.domain.errors import NotFound, SourceFailed
from registry.domain.recent import RecentBytes
from registry.ports.clock import Clock

MIB = 1024 * 1024
_RETRIED = frozenset({500, 502, 503, 504})
_GONE = frozenset({404, 409, 410, 451})  # GitHub: 409 for the commits of an empty repository, 451 for a takedown


def gone(status: int, _headers: Mapping[str, str]) -> bool:
    """Whether an answer says that there is no such thing."""
    return status in _GONE


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_RANDOM = SystemRandom()
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_MOVED = frozenset({301, 302, 307, 308})


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """What asking may cost. Back-off is `backoff_seconds` × 2ⁿ with full jitter.

    `step_seconds`: without anything new; `answer_seconds`: from asking to the last byte of one attempt.
    """

    answer_bytes: int = 8 * MIB
    attempts: int = 3
    backoff_seconds: float = 0.25
    concurrent: int = 8
    redirects: int = 3
    step_seconds: float = 15.0
    answer_seconds: float = 30.0
    pace: Pace = USUAL_PACE


class NothingYet(NotFound):
    """The service has what was asked about, and there is nothing in it (409: a repository without commits)."""


class _Unreached(SourceFailed):
    """No answer, or none that is whole: what is safe to repeat is worth another try."""


class Upstream:
    """One service: its base URL, its headers, what is left of its rate limit.

    Raises NotFound when the service says that there is no such thing, SourceFailed for all else that is no answer.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        name: str,
        base_url: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        limits: UpstreamLimits | None = None,
        cache: RecentBytes[str, CachedAnswer] | None = None,
        says_absent: Callable[[int, Mapping[str, str]], bool] = gone,
        jitter: Callable[[], float] = _RANDOM.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._headers = dict(headers or {})
        self._limits = limits or UpstreamLimits()
        self._cache = cache or etag_cache()
        self._says_absent = says_absent
        self._jitter = jitter
        self._sleep = sleep
        self._turns = asyncio.Semaphore(self._limits.concurrent)
        self._blocked_until: datetime | None = None

    async def get_json(self, path: str, **params: str | int) -> Any:
        """The JSON at `path` (which the caller has quoted)."""
        return self.parse(await self._get(path, params, accept="application/json"))

    async def get_text(self, path: str, *, accept: str = "text/plain") -> str:
        """The text at `path`; bytes that are no UTF-8 show as replacement characters.

        A page of HTML is none: it comes from what stands between, a portal or a proxy.
        """
        body = await self._get(path, {}, accept=accept, refuse_html=True)
        return body.decode("utf-8", "replace").replace("\0", "\ufffd")

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that `body` is answered with. Asked once: a POST is not safe to repeat."""
        self._check_limit()
        headers = {**self._headers, "Accept": "application/json"}
        try:
            async with self._turns:
                status, answer = await self._send("POST", self._base_url + path, {}, headers, json_body=body)
        except NotFound as error:
            raise SourceFailed(str(error)) from None  # an address that takes no requests, not a thing that is absent
        if status != httpx.codes.OK:
            raise SourceFailed(f"{self._name} answered {status}")
        return self.parse(answer.body)

    def parse(self, body: bytes) -> Any:
        """JSON, or SourceFailed."""
        try:
            value = json.loads(body, parse_constant=_refuse_constant)
            if _SURROGATE.search(body):
                json.dumps(value, ensure_ascii=False).encode()  # half of a pair is no text and could not be stored
        except (ValueError, RecursionError):
            raise SourceFailed(f"{self._name} answered with something that is no JSON") from None
        return value

    async def _get(
        self, path: str, params: Mapping[str, str | int], *, accept: str, refuse_html: bool = False
    ) -> bytes:
        url = self._base_url + path
        key = f"{accept} {url} {sorted(params.items())}"
        cached = self._cache.get(key)
        headers = {**self._headers, "Accept": accept}
        if cached is not None:
            headers["If-None-Match"] = cached.etag
        async with self._turns:
            status, answer = await self._get_patiently(url, params, headers)
        if status == httpx.codes.NOT_MODIFIED and cached is not None:
            return cached.body
        if status != httpx.codes.OK:
            raise SourceFailed(f"{self._name} answered {status}")
        if refuse_html and answer.media_type in _PAGES:
            raise SourceFailed(f"{self._name} answered with a page of HTML")
        if answer.etag:
            self._cache.put(key, answer)
        return answer.body

    async def _get_patiently(
        self, url: str, params: Mapping[str, str | int], headers: Mapping[str, str]
    ) -> tuple[int, CachedAnswer]:
        for attempt in range(1, self._limits.attempts + 1):
            self._check_limit()
            try:
                status, answer = await self._get_following(url, params, headers)
                if status not in _RETRIED:
                    return status, answer
                failure: SourceFailed = SourceFailed(f"{self._name} answered {status}")
            except _Unreached as error:
                failure = error
            if attempt < self._limits.attempts:
                await self._sleep(self._jitter() * self._limits.backoff_seconds * 2**attempt)
        raise failure

    async def _get_following(
        self, url: str, params: Mapping[str, str | int], headers: Mapping[str, str]
    ) -> tuple[int, CachedAnswer]:
        """Follow redirects within the service only: elsewhere, its answer could be anybody's, and get our token."""
        for _ in range(self._limits.redirects + 1):
            status, answer = await self._send("GET", url, params, headers)
            if status not in _MOVED:
                return status, answer
            try:
                target = httpx.URL(url).join(answer.location or "")
            except (httpx.InvalidURL, ValueError):
                raise SourceFailed(f"{self._name} redirects to no address") from None
            if (target.scheme, target.netloc) != (httpx.URL(url).scheme, httpx.URL(url).netloc):
                raise SourceFailed(f"{self._name} redirects to another host")
            url, params = str(target), {}
        raise SourceFailed(f"{self._name} redirects without end")

    async def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str | int],
        headers: Mapping[str, str],
        *,
        json_body: Mapping[str, Any] | None = None,
    ) -> tuple[int, CachedAnswer]:
        # An encoding is undone here, where its result is bounded; so no other is asked for than can be undone.
        request = self._client.build_request(
            method,
            url,
            params=params or None,
            headers={**headers, "Accept-Encoding": "gzip"},
            json=json_body,
            timeout=self._limits.step_seconds,
        )
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                return await self._answer(request)
        except (httpx.TransportError, TimeoutError) as error:
            failure = "gave no whole answer in time" if isinstance(error, TimeoutError) else "could not be reached"
            raise _Unreached(f"{self._name} {failure} ({type(error).__name__})") from None

    async def _answer(self, request: httpx.Request) -> tuple[int, CachedAnswer]:
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            self._note_limit(response)
            if self._says_absent(response.status_code, response.headers):
                kind = NothingYet if response.status_code == httpx.codes.CONFLICT else NotFound
                raise kind(f"{self._name} has nothing at {request.url.path}")
            return response.status_code, await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> CachedAnswer:
        body = bytearray()
        try:
            chunks = paced(response.aiter_raw(), self._limits.pace)
            async for chunk in decoded(chunks, content_encoding(response.headers)):
                body += chunk
                if len(body) > self._limits.answer_bytes:
                    raise SourceFailed(f"{self._name} answered with over {self._limits.answer_bytes:,} bytes")
        except (BadAnswer, TooSlow) as error:
            raise SourceFailed(f"{self._name}: {error}") from None
        given = response.headers
        media_type = given.get("Content-Type", "").partition(";")[0].strip().lower()
        return CachedAnswer(given.get("ETag", ""), bytes(body), given.get("Location"), media_type)

    def _check_limit(self) -> None:
        until = self._blocked_until
        if until is not None and self._clock.now() < until:
            raise SourceFailed(f"{self._name}'s rate limit is used up until {until:%Y-%m-%dT%H:%M:%SZ}", retry_at=until)

    def _note_limit(self, response: httpx.Response) -> None:
        """Remember when the service wants no more requests, and fail at once where this one was refused for that."""
        refused = response.status_code in (httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS)
        used_up = response.headers.get("X-RateLimit-Remaining") == "0"
        wait = _seconds(response.headers.get("Retry-After")) if refused else None
        now = self._clock.now().timestamp()
        reset = _seconds(response.headers.get("X-RateLimit-Reset")) if used_up else None
        until = now + wait if wait is not None else reset
        if until is None and response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            until = now + 60
        # A day is the longest that is believed.
        if until is not None and until > now:
            self._blocked_until = datetime.fromtimestamp(min(until, now + 86_400), UTC)
        if refused:
            self._check_limit()


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) <= 12 else None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
