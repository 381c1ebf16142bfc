"""What a service that is asked by its API may answer: never more than a failure, a little time and a little memory."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from registry.adapters.outbound.bounds import Pace
from registry.adapters.outbound.guarded import GuardedResolver, guarded_client
from registry.adapters.outbound.upstream import Upstream, UpstreamLimits
from registry.adapters.outbound.webhooks import HttpWebhookSender
from registry.domain.errors import SourceFailed
from registry.ports.webhooks import SendError
from tests.ingest.odd_answers import Odd, answer, bomb, heads, lengths, slow_ones
from tests.rating.world import SettableClock
from tests.upstreams.raw import RawServer, Script, raw_server, sends

MIB = 1024 * 1024
SLOW = list(slow_ones())
BROKEN = [odd for odd in (*heads(), *lengths()) if odd.right is None]


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


@pytest.fixture
async def upstream(server: RawServer) -> AsyncIterator[Upstream]:
    limits = UpstreamLimits(
        answer_bytes=MIB, attempts=2, backoff_seconds=0, step_seconds=0.2, answer_seconds=0.4, pace=Pace(1024, 0.2)
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Upstream(client, name="it", base_url=server.url, clock=SettableClock(), limits=limits)


@pytest.mark.parametrize("odd", [*SLOW, *BROKEN], ids=lambda odd: odd.name)
async def test_no_answer_costs_more_than_its_time(server: RawServer, upstream: Upstream, odd: Odd) -> None:
    server.scripts["/x"] = odd.script
    async with asyncio.timeout(10):
        with pytest.raises(SourceFailed):
            await upstream.get_json("/x")
        with pytest.raises(SourceFailed):
            await upstream.post_json("/x", {"a": 1})


@pytest.mark.parametrize(
    "script",
    [
        sends(answer("Content-Encoding: gzip, gzip, gzip", body=bomb(3, 64 * MIB))),
        sends(answer("Content-Encoding: gzip", body=bomb(1, 64 * MIB))),
        sends(answer("Content-Encoding: br", body=b"{}")),
    ],
    ids=["thrice", "once", "brotli"],
)
async def test_no_encoding_fills_the_memory(server: RawServer, upstream: Upstream, script: Script) -> None:
    server.scripts["/x"] = script
    tracemalloc.start()
    with pytest.raises(SourceFailed):
        await upstream.get_json("/x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


async def test_one_encoding_is_undone(server: RawServer, upstream: Upstream) -> None:
    server.scripts["/x"] = sends(answer("Content-Encoding: gzip", body=gzip.compress(b'{"a": "\\ud83d\\ude00"}')))
    assert await upstream.get_json("/x") == {"a": "\U0001f600"}
    assert b"\r\naccept-encoding: gzip\r\n" in server.requests[-1].lower()


@pytest.mark.parametrize("body", [rb'{"a": "\ud83d"}', rb'["\uDC00x"]', rb'{"\udfff": 1}', b'"\xff"', b"[" * 100_000])
async def test_what_is_no_text_is_no_answer(server: RawServer, upstream: Upstream, body: bytes) -> None:
    server.scripts["/x"] = sends(answer(body=body))
    with pytest.raises(SourceFailed, match="no JSON"):
        await upstream.get_json("/x")


@pytest.mark.parametrize("odd", [odd for odd in SLOW if "body" not in odd.name], ids=lambda odd: odd.name)
async def test_a_receiver_of_webhooks_gets_its_time_and_no_more(server: RawServer, odd: Odd) -> None:
    server.scripts["/x"] = odd.script
    async with guarded_client(timeout_seconds=20) as client, asyncio.timeout(5):
        sender = HttpWebhookSender(client, GuardedResolver(allow_private=True), timeout_seconds=0.4)
        try:
            await sender.post(f"{server.url}/x", b"{}", headers={})
        except SendError as error:
            assert "no answer" in str(error)  # noqa: PT017 - a head that came in time is an answer, whatever follows
