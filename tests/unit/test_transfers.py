"""Opening files on other servers: who is contacted on the way, and who gets to see a token."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from registry.adapters.outbound.guarded import GuardedResolver
from registry.adapters.outbound.transfers import Transfers
from registry.ports.fetching import FetchError

HOME, ELSEWHERE = "http://198.41.0.4/file", "http://199.9.14.201/stored"
SECRET = {"Authorization": "Bearer secret"}
Handler = Callable[[httpx.Request], httpx.Response]


def moved(location: str) -> Handler:
    return lambda request: httpx.Response(302, headers={"Location": location}) if str(request.url) == HOME else given()


def given() -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        yield b"bytes"

    return httpx.Response(200, content=content())


async def fetched(handler: Handler, url: str = HOME, *, offset: int = 0) -> tuple[bytes, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def noted(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return handler(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(noted)) as client:
        transfers = Transfers(client, GuardedResolver(allow_private=False))
        async with transfers.open(url, offset=offset, secret_headers=SECRET) as transfer:
            return b"".join([chunk async for chunk in transfer.chunks]), seen


async def test_a_token_goes_to_its_own_host_only() -> None:
    content, seen = await fetched(moved(ELSEWHERE), offset=3)
    assert content == b"bytes"
    assert [request.headers.get("authorization") for request in seen] == ["Bearer secret", None]
    assert [request.headers["range"] for request in seen] == ["bytes=3-", "bytes=3-"]


@pytest.mark.parametrize("other", ["https://198.41.0.4/stored", "http://198.41.0.4:8080/stored"])
async def test_another_port_or_scheme_is_another_host(other: str) -> None:
    _, seen = await fetched(moved(other))
    assert "authorization" not in seen[1].headers


async def test_a_redirect_within_the_host_keeps_the_token() -> None:
    _, seen = await fetched(moved("/stored"))
    assert seen[1].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/x", "http://169.254.169.254/", "file:///etc"]
)
async def test_a_redirect_to_a_refused_address_is_not_followed(location: str) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return moved(location)(request)

    with pytest.raises(FetchError) as refused:
        await fetched(handler)
    assert asked == [HOME]
    assert not refused.value.transient


async def test_redirects_without_end_are_left() -> None:
    with pytest.raises(FetchError, match="more than 5 redirects"):
        await fetched(lambda _: httpx.Response(302, headers={"Location": HOME}))


@pytest.mark.parametrize(
    ("status", "wait", "transient", "seconds"),
    [(404, "", False, 0), (403, "", False, 0), (403, "60", True, 60), (429, "", True, 0), (503, "x", True, 0)],
)
async def test_refusals_say_whether_to_come_again(status: int, wait: str, transient: bool, seconds: float) -> None:  # noqa: FBT001
    with pytest.raises(FetchError, match=f"198.41.0.4 answered {status}") as refused:
        await fetched(lambda _: httpx.Response(status, headers={"Retry-After": wait}))
    assert (refused.value.transient, refused.value.retry_after_seconds) == (transient, seconds)
