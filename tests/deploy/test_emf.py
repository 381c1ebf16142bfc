"""Lines for CloudWatch: valid by its specification, and the same numbers as `/metrics`."""

import asyncio
import json
import threading
from collections import Counter
from pathlib import Path

import jsonschema_rs
import pytest
from prometheus_client import CollectorRegistry

from registry.services.maintenance.maintenance import SweepReport
from registry.telemetry import metrics
from registry.telemetry.emf import EXTRACTED, MetricLines, quantile, write_metrics
from tests.api.conftest import ServerFactory
from tests.api.conftest import start as start
from tests.api.support import log_in, publish
from tests.deploy.template import Json

SCHEMA = jsonschema_rs.validator_for(json.loads((Path(__file__).parent / "emf_schema.json").read_text()))
MOST_BYTES = 256 * 1024
NAMESPACE = "Registry/test"


def check_document(line: bytes) -> Json:
    """The document of a line, once it is known to follow the specification."""
    assert b"\n" not in line
    assert len(line) <= MOST_BYTES
    document: Json = json.loads(line)
    SCHEMA.validate(document)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        # What the specification says in words: targets are members of the root, strings or numbers by their use.
        for names in directive["Dimensions"]:
            assert all(isinstance(document[name], str) and 0 < len(document[name]) <= 1024 for name in names)
        for metric in directive["Metrics"]:
            assert isinstance(document[metric["Name"]], int | float)
    return document


def busy_registry() -> CollectorRegistry:
    """Every metric that servers and workers have, each with a value."""
    registry = CollectorRegistry()
    http = metrics.HttpMetrics(registry)
    http.observe("/package", "POST", 201, 0.2, received_bytes=10, sent_bytes=20)
    http.observe("/package/{id}", "GET", 200, 0.01, received_bytes=0, sent_bytes=20)
    http.observe("/package/{id}", "GET", 404, 0.01, received_bytes=0, sent_bytes=20)
    http.observe("/package/{id}", "GET", 503, 3, received_bytes=0, sent_bytes=20)
    http.observe("/package/{id}", "GET", 0, 0.01, received_bytes=0, sent_bytes=0)
    stores = metrics.StoreMetrics(registry)
    stores.observe("records", "get", 0.002, "ok")
    stores.observe("records", "add", 0.004, "ok")
    stores.observe("blobs", "open", 5, "unavailable")
    stores.consumed("records", "GetItem", 1.5)
    stores.report_state("records", up=True)
    housekeeping = metrics.HousekeepingMetrics(registry)
    housekeeping.swept(SweepReport(uploads=1, blobs=2, bytes=300, expired_records=4))
    housekeeping.scrubbed([])
    metrics.DeliveryMetrics(registry).observe("delivered", 0.1)
    metrics.EdgeMetrics(registry).invalidated("done", 3)
    metrics.RatingMetrics(registry).rated("complete", 2)
    metrics.VerdictMetrics(registry).judged("clean")
    queues = metrics.QueueMetrics(registry, workers=1)
    for gauge in queues.gauges.values():
        gauge.labels("ratings").set(3)
    return registry


def made(lines: MetricLines) -> list[Json]:
    return [check_document(line) for line in lines.make(now_seconds=1_796_000_000.25) if b"_aws" in line]


def test_every_line_is_valid_and_says_when_and_where() -> None:
    documents = made(MetricLines(busy_registry(), namespace=NAMESPACE, service="api"))
    assert documents
    for document in documents:
        assert document["_aws"]["Timestamp"] == 1_796_000_000_250
        assert document["service"] == "api"
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == NAMESPACE
        for metric in directive["Metrics"]:
            names, unit = EXTRACTED[metric["Name"]]
            assert (directive["Dimensions"], metric["Unit"]) == ([["service", *names]], unit)


def test_every_metric_that_is_extracted_is_one_that_the_code_has() -> None:
    documents = made(MetricLines(busy_registry(), namespace=NAMESPACE, service="api"))
    written = {
        metric["Name"] for document in documents for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert written == set(EXTRACTED)


def test_the_numbers_are_those_of_the_metrics() -> None:
    registry = busy_registry()
    written: Counter[str] = Counter()
    for document in made(MetricLines(registry, namespace=NAMESPACE, service="api")):
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            written[metric["Name"]] += document[metric["Name"]]
    scraped: Counter[str] = Counter()
    for family in registry.collect():
        for sample in family.samples:
            scraped[sample.name] += sample.value  # type: ignore[assignment]
    assert written == {name: pytest.approx(scraped[name]) for name in EXTRACTED}


def test_what_grows_is_written_as_its_growth_and_gauges_as_they_are() -> None:
    registry = CollectorRegistry()
    ratings, stores = metrics.RatingMetrics(registry), metrics.StoreMetrics(registry)
    lines = MetricLines(registry, namespace=NAMESPACE, service="worker")
    stores.report_state("records", up=False)
    for growth in (2, 3):
        for _ in range(growth):
            ratings.rated("complete", 0.5)
        found = {name: each[name] for each in made(lines) for name in EXTRACTED if name in each}
        assert found == {
            "registry_rating_seconds_count": growth,
            "registry_rating_seconds_sum": growth * 0.5,
            "registry_component_up": 0,
        }
    assert [sorted(each) for each in made(lines)] == [["_aws", "component", "registry_component_up", "service"]]


def test_the_time_of_a_route_is_written_without_becoming_a_metric() -> None:
    lines = MetricLines(busy_registry(), namespace=NAMESPACE, service="api").make(now_seconds=1)
    routes = [json.loads(line) for line in lines if b"_aws" not in line]
    assert {(each["route"], each["method"], each["status"]) for each in routes} == {
        ("/package", "POST", "201"), ("/package/{id}", "GET", "200"), ("/package/{id}", "GET", "404"),
        ("/package/{id}", "GET", "503"), ("/package/{id}", "GET", "0"),
    }  # fmt: skip
    published = next(each for each in routes if each["status"] == "201")
    assert (published["event"], published["count"], published["seconds"]) == ("requests", 1, 0.2)
    assert 0.1 < published["p95_seconds"] <= 0.25


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([(1.0, 100.0), (2.0, 100.0), (float("inf"), 100.0)], 0.5, 0.5),
        ([(1.0, 0.0), (2.0, 100.0), (float("inf"), 100.0)], 0.95, 1.95),
        ([(1.0, 90.0), (2.0, 90.0), (float("inf"), 100.0)], 0.95, 2.0),
    ],
)
def test_quantiles(buckets: list[tuple[float, float]], share: float, expected: float) -> None:
    assert quantile(buckets, share) == pytest.approx(expected)


async def test_of_several_processes_one_writes_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    wrote = {name: asyncio.Event() for name in ("first", "second")}

    def writing(name: str) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()

        def write(_: list[bytes]) -> None:
            loop.call_soon_threadsafe(wrote[name].set)

        return asyncio.create_task(
            write_metrics(
                CollectorRegistry(),
                namespace=NAMESPACE,
                service="api",
                write=write,
                interval_seconds=0.001,
            )
        )

    async with asyncio.timeout(30):
        first = writing("first")
        await wrote["first"].wait()
        second = writing("second")
        wrote["first"].clear()
        await wrote["first"].wait()
        assert not wrote["second"].is_set()
        first.cancel()
        await wrote["second"].wait()
        second.cancel()
        await asyncio.wait([first, second])


async def test_lines_that_are_being_written_at_the_end_are_written_once() -> None:
    registry = CollectorRegistry()
    metrics.HttpMetrics(registry).observe("/package", "POST", 201, 0.2, received_bytes=10, sent_bytes=20)
    written: list[bytes] = []
    loop, begun, may_go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def write(lines: list[bytes]) -> None:
        if not begun.is_set():
            loop.call_soon_threadsafe(begun.set)
            may_go_on.wait(30)
        written.extend(lines)

    async with asyncio.timeout(30):
        writing = asyncio.create_task(
            write_metrics(registry, namespace=NAMESPACE, service="api", write=write, interval_seconds=0.001)
        )
        await begun.wait()
        writing.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        ended_early = writing.done()
        may_go_on.set()
        await asyncio.wait([writing])
    assert not ended_early
    counted = [json.loads(line).get("registry_http_request_seconds_count", 0) for line in written]
    assert sum(counted) == 1


def test_a_server_writes_its_last_minute_as_it_ends(start: ServerFactory) -> None:
    server = start(workers=2, REGISTRY_CLOUDWATCH_NAMESPACE=NAMESPACE)
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        for _ in range(4):
            publish(person.client)
    assert server.stop() == 0
    lines = [line for line in server.log_path.read_bytes().splitlines() if line.startswith(b'{"_aws"')]
    documents = [check_document(line) for line in lines]
    requests = Counter[str]()
    for document in documents:
        requests[document.get("status_class", "")] += document.get("registry_http_request_seconds_count", 0)
    assert requests["2xx"] >= 5
    routes = [json.loads(line) for line in server.log_path.read_bytes().splitlines() if b'"event":"requests"' in line]
    assert sum(each["count"] for each in routes if (each["route"], each["status"]) == ("/package", "201")) == 4
