"""Sources that are down, slow, limited or lying: no other number in a rating's place, and healed by itself."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import server_environment, start_server
from tests.api.support import JsonObject, eventually, log_in, publish
from tests.api.test_rating_sources import SOURCE, read
from tests.api.upstreams import settings_at, settings_for, upstreams_beside
from tests.engines.process import free_port
from tests.upstreams.server import Fault, Upstreams

HEALED_SECONDS = 60.0
LIMITED_SECONDS = 3
SOURCES = {"/hub": "huggingface", "/github": "github", "/v1": "text model"}
IMPATIENT = {"REGISTRY_RATING_SOURCE_SECONDS": "2"}
README = "# Tiny\nRepository: https://github.com/octo/tiny\n"


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with upstreams_beside() as served:
        yield served


@pytest.fixture(scope="module")
def client(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = settings_for(upstreams) | IMPATIENT
    server = start_server(server_environment(tmp_path_factory.mktemp("faults") / "data", **settings))
    with log_in(server.url, server.admin_name, server.admin_password).client as connected:
        yield connected
    server.stop()


def scores(rating: JsonObject) -> dict[str, float | None]:
    return {name: metric["score"] for name, metric in rating["metrics"].items()}


def heals(client: httpx.Client, package: JsonObject, healthy: JsonObject) -> None:
    eventually(lambda: bool(read(client, package)["status"] == "complete"), timeout_seconds=HEALED_SECONDS)
    assert scores(read(client, package)) == scores(healthy)


def check_ailing(rating: JsonObject, healthy: JsonObject, *, sources: set[str]) -> None:
    """What was lost is null or said to be in part, to these sources and no others; all else is as it was."""
    assert rating["status"] == "partial"
    assert {source for metric in rating["metrics"].values() for source in metric.get("lost_to", ())} == sources
    for name, metric in rating["metrics"].items():
        assert "lost_to" in metric or metric["score"] == healthy["metrics"][name]["score"], name
    low, high = rating["net_score_range"]
    assert low <= healthy["net_score"] <= high
    assert low < high


def described(fault: Fault | None, place: str = "nowhere") -> str:
    # A text model is asked once for a card: each rating here has one of its own, that says the same.
    return f"{README}<!-- {fault} at {place} -->\n"


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.SILENT, Fault.NONSENSE, Fault.LYING, Fault.CUT])
def test_each_ailing_source_is_told_and_heals_by_itself(
    client: httpx.Client, upstreams: Upstreams, fault: Fault
) -> None:
    upstreams.faults = {}
    healthy = read(client, publish(client, source_url=SOURCE, readme=described(None)))
    assert healthy["status"] == "complete"
    ailing = []
    for place, source in SOURCES.items():
        upstreams.faults = {place: fault}
        package = publish(client, source_url=SOURCE, readme=described(fault, place))
        check_ailing(read(client, package), healthy, sources={source})
        ailing.append(package)
    upstreams.faults = {}
    for package in ailing:
        heals(client, package, healthy)


def test_used_up_rate_limits_end_by_themselves(client: httpx.Client, upstreams: Upstreams) -> None:
    upstreams.faults = {}
    healthy = read(client, publish(client, source_url=SOURCE, readme=described(None)))
    upstreams.limit_reset = int(time.time()) + LIMITED_SECONDS
    upstreams.faults = dict.fromkeys(SOURCES, Fault.LIMITED)
    package = publish(client, source_url=SOURCE, readme=described(Fault.LIMITED))
    rating = read(client, package)
    check_ailing(rating, healthy, sources=set(SOURCES.values()))
    assert "rate limit is used up until" in rating["metrics"]["bus_factor"]["evidence"]
    upstreams.faults = {}
    heals(client, package, healthy)
    assert time.time() >= upstreams.limit_reset


def test_sources_that_are_down_are_asked_again_when_they_are_back(start: ServerFactory) -> None:
    port = free_port()
    server = start(**settings_at(f"http://127.0.0.1:{port}"))
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        package = publish(client, source_url=SOURCE, readme=README)
        rating = read(client, package)
        with upstreams_beside(port):
            healthy = read(client, publish(client, source_url=SOURCE, readme=README))
            check_ailing(rating, healthy, sources=set(SOURCES.values()))
            heals(client, package, healthy)
