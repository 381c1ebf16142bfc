"""The client of other services: its cache, its redirects, its bounds."""

from collections.abc import AsyncIterator

import httpx
import pytest

from registry.adapters.outbound.upstream import Upstream, UpstreamLimits
from registry.domain.errors import NotFound, SourceFailed
from tests.rating.world import SettableClock
from tests.upstreams.pages import Page
from tests.upstreams.server import Fault, Upstreams, serve_upstreams


@pytest.fixture
async def upstreams() -> AsyncIterator[Upstreams]:
    async with serve_upstreams() as served:
        yield served


@pytest.fixture
async def upstream(upstreams: Upstreams) -> AsyncIterator[Upstream]:
    async def at_once(seconds: float) -> None:
        assert seconds >= 0

    async with httpx.AsyncClient(trust_env=False) as client:
        limits = UpstreamLimits(answer_bytes=1_000)
        clock = SettableClock()
        yield Upstream(client, name="it", base_url=upstreams.base_url + "/", clock=clock, limits=limits, sleep=at_once)


async def test_redirects_within_the_service_are_followed(upstreams: Upstreams, upstream: Upstream) -> None:
    upstreams.pages = {"/old": Page({}, 301, {"Location": "/new?a=1"}), "/new": Page({"here": 1})}
    assert await upstream.get_json("/old", page=2) == {"here": 1}
    assert upstreams.requests[-1][1] == "/new?a=1"


@pytest.mark.parametrize("location", ["http://192.0.2.1/", "//192.0.2.1/x", "https://127.0.0.1/", "http://[", "/loop"])
async def test_redirects_elsewhere_or_without_end_are_not(
    upstreams: Upstreams, upstream: Upstream, location: str
) -> None:
    upstreams.pages = {"/loop": Page({}, 302, {"Location": location})}
    with pytest.raises(SourceFailed, match="redirects"):
        await upstream.get_json("/loop")


@pytest.mark.parametrize("status", [404, 409, 410, 451])
async def test_what_is_not_there_is_absent(upstreams: Upstreams, upstream: Upstream, status: int) -> None:
    upstreams.pages = {"/x": Page({}, status)}
    with pytest.raises(NotFound):
        await upstream.get_json("/x")


@pytest.mark.parametrize("status", [400, 401, 403, 418, 500])
async def test_a_refusal_is_a_failure(upstreams: Upstreams, upstream: Upstream, status: int) -> None:
    upstreams.pages = {"/x": Page({}, status)}
    with pytest.raises(SourceFailed, match=f"it answered {status}"):
        await upstream.get_json("/x")


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "30"}, {"Retry-After": "soon"}, {"Retry-After": "9" * 50}])
async def test_too_many_requests_is_a_pause(upstreams: Upstreams, upstream: Upstream, headers: dict[str, str]) -> None:
    upstreams.pages = {"/x": Page({}, 429, headers)}
    for _ in range(2):
        with pytest.raises(SourceFailed, match="rate limit") as caught:
            await upstream.get_json("/x")
        assert caught.value.retry_at is not None
    assert len(upstreams.requests) == 1


async def test_an_answer_over_the_limit_is_not_read_to_its_end(upstreams: Upstreams, upstream: Upstream) -> None:
    upstreams.pages = {"/fits": Page(b"x" * 1_000), "/long": Page(b"x" * 1_001)}
    assert len(await upstream.get_text("/fits")) == 1_000
    with pytest.raises(SourceFailed, match="over 1,000 bytes"):
        await upstream.get_text("/long")


async def test_a_post_that_fails_is_a_failure(upstreams: Upstreams, upstream: Upstream) -> None:
    for fault in (Fault.CUT, Fault.BROKEN, Fault.NONSENSE, Fault.ELSEWHERE):
        upstreams.faults = {"/v1": fault}
        with pytest.raises(SourceFailed):
            await upstream.post_json("/v1", {})


async def test_a_service_that_is_not_there_is_a_failure() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        limits = UpstreamLimits(backoff_seconds=0.0)
        nobody = Upstream(client, name="it", base_url="http://127.0.0.1:9", clock=SettableClock(), limits=limits)
        with pytest.raises(SourceFailed, match="could not be reached"):
            await nobody.get_json("/")
        with pytest.raises(SourceFailed, match="could not be reached"):
            await nobody.post_json("/", {})
