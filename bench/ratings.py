"""Ratings: what serving a cached one costs, and how much longer than its slowest source making one takes."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from bench.load import request, send_all
from bench.publishing import multipart
from bench.report import Measured, Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options
from registry.composition.parsing import open_parsing
from registry.domain.errors import NotFound
from registry.domain.evidence import HubFacts
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import Version
from registry.ports.sandbox import Sandbox
from registry.rating.collect import EvidenceCollector
from registry.rating.score import DEFAULT_WEIGHTS
from registry.rating.sources import Sources
from registry.services.ratings.parsing import IsolatedCardReader, Scorer
from registry.settings import Settings

_SLOWEST_SECONDS = 0.5
_README = "# Tiny\n## Usage\n```python\nimport tiny\ntiny.load()\n```\nAccuracy: 0.9 on GLUE\n" * 50


def rows(options: Options) -> Iterator[Row]:
    yield _computation(5 if options.quick else 15)
    with data_folder() as folder, registry_server(folder) as server, signed_in(server) as client:
        yield _cached(server, client, options)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class _SlowHub:
    """A hub that takes as long for each answer, as a far one does."""

    async def info(self, kind: str, hub_id: str) -> HubFacts:  # noqa: ARG002 (the port's)
        await asyncio.sleep(_SLOWEST_SECONDS)
        raise NotFound("no such model")

    async def card(self, kind: str, hub_id: str) -> str:  # noqa: ARG002
        await asyncio.sleep(_SLOWEST_SECONDS)
        return _README


def _computation(rounds: int) -> Row:
    now = _Clock().now()
    package = Package(
        id="01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60",
        name="org/tiny",
        version=Version(1, 0, 0),
        type=PackageType.MODEL,
        status=PackageStatus.ACTIVE,
        created_by="bench",
        created_at=now,
        updated_at=now,
        source_url="https://huggingface.co/org/tiny",
        readme=_README,
    )

    async def once(sandbox: Sandbox) -> float:
        collector = EvidenceCollector(Sources(hub=_SlowHub()), cards=IsolatedCardReader(sandbox), clock=_Clock())
        began = time.perf_counter()
        evidence = await collector.collect(package)
        await Scorer(sandbox, DEFAULT_WEIGHTS).score(evidence, user="bench")
        return time.perf_counter() - began

    async def all_rounds() -> list[float]:
        async with open_parsing(Settings()) as sandbox:
            return [await once(sandbox) for _ in range(rounds + 1)][1:]

    seconds = asyncio.run(all_rounds())
    ratio = Measured.of([one / _SLOWEST_SECONDS for one in seconds])
    return Row(
        suite="ratings",
        name="computation of a rating",
        value=Measured.of(seconds).value * 1000,
        unit="ms",
        spread=ratio.spread,
        baseline_name="its slowest source",
        baseline_value=_SLOWEST_SECONDS * 1000,
        ratio=ratio.value,
        goal=1.2,
    )


def _cached(server: Server, client: httpx.Client, options: Options) -> Row:
    body, content_type = multipart({"name": "tiny", "version": "1.0.0", "type": "model", "readme": _README}, b"content")
    published = client.post("/package", content=body, headers={"Content-Type": content_type}).raise_for_status().json()
    path = f"/package/{published['id']}"
    client.get(f"{path}/rate", params={"wait": 30}).raise_for_status()
    headers = {"Authorization": client.headers["authorization"]}
    rounds, count = (3, 2_000) if options.quick else (7, 6_000)
    asked, plain = request("GET", f"{path}/rate", headers), request("GET", path, headers)
    _cost(server, asked, count // 4)  # warm
    rates, reads = [], []
    for _ in range(rounds):
        reads.append(_cost(server, plain, count))
        rates.append(_cost(server, asked, count))
    return Row.beside(
        rates, reads, suite="ratings", name="cached rating", unit="µs CPU", baseline_name="read by id", goal=1.3
    )


def _cost(server: Server, asked: bytes, count: int) -> float:
    """CPU of the server in µs for each of `count` requests."""
    before = server.cpu_seconds()
    answered = send_all(server.port, itertools.repeat(asked, count), expected_status=200)
    return (server.cpu_seconds() - before) / answered.count * 1e6
