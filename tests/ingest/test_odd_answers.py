"""Whatever another server answers ends in a correct package or in `failed` with a reason, and costs little."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import JsonObject, connect, download, fetch, log_in, sha256_hex
from tests.ingest.conftest import settled, submitted
from tests.ingest.odd_answers import Odd, odd_answers
from tests.upstreams.raw import RawServer, raw_server

MAX_PACKAGE_BYTES = 4 * 1024 * 1024
MEMORY_BYTES = 96 * 1024 * 1024
CASES = [odd.name for odd in odd_answers("http://127.0.0.1:1")]
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Outcomes:
    """All of it once it has settled, by name."""

    client: httpx.Client
    odd: dict[str, Odd]
    packages: dict[str, JsonObject]
    memory_bytes: int


def settings_for(folder: Path) -> dict[str, str]:
    return server_environment(
        folder,
        REGISTRY_ALLOW_PRIVATE_TARGETS="true",
        REGISTRY_MAX_PACKAGE_BYTES=str(MAX_PACKAGE_BYTES),
        REGISTRY_UPSTREAM_HEAD_SECONDS="1",
        REGISTRY_UPSTREAM_IDLE_SECONDS="1",
        REGISTRY_INGEST_SECONDS="6",
        REGISTRY_INGEST_CONCURRENT="200",
        REGISTRY_INGEST_CONCURRENT_PER_USER="200",
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(settings_for(tmp_path_factory.mktemp("odd") / "data"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def outcomes(registry: RunningServer) -> Iterator[Outcomes]:
    admin = log_in(registry.url, registry.admin_name, registry.admin_password)
    admin.client.close()
    with raw_server() as server, raw_server() as other, connect(registry.url, admin.token) as client:
        odd = {each.name: each for each in odd_answers(other.url)}
        for each in odd.values():
            server.scripts[f"/{each.name}"] = other.scripts[f"/{each.name}"] = each.script
        before = registry.memory_peak_bytes()
        pending = {name: submitted(client, f"{server.url}/{name}") for name in odd}
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(
                lambda package: settled(client, package, timeout_seconds=PATIENCE_SECONDS), pending.values()
            )
            packages = dict(zip(odd, found, strict=True))
        yield Outcomes(client, odd, packages, registry.memory_peak_bytes() - before)


@pytest.mark.parametrize("name", CASES)
def test_an_odd_answer_ends_well(outcomes: Outcomes, name: str) -> None:
    package, odd = outcomes.packages[name], outcomes.odd[name]
    if package["status"] == "failed":
        assert odd.right is None or odd.may_fail, package
        assert package["content"] is None
        assert 0 < len(package["status_reason"]) <= 500
        assert package["status_reason"].isprintable()
        return
    assert package["status"] == "active"
    assert odd.right is not None, package
    content = package["content"]
    assert (content["size"], content["sha256"]) == (len(odd.right), sha256_hex(odd.right))
    assert content["filename"].isprintable()
    assert 0 < len(content["filename"]) <= 255
    assert odd.filename in (None, content["filename"])
    assert odd.media_type in (None, content["media_type"])
    answer = download(outcomes.client, package)
    assert (answer.status_code, answer.content) == (200, odd.right)


def test_there_are_enough_of_them() -> None:
    assert len(set(CASES)) == len(CASES) >= 60


def test_memory_stays_small_and_the_registry_answers(outcomes: Outcomes) -> None:
    assert outcomes.memory_bytes < MEMORY_BYTES
    assert outcomes.client.get("/health/ready").status_code == 200
    some = outcomes.packages["plain-name"]
    assert fetch(outcomes.client, some)["status"] == "active"


def test_no_defect_was_met(outcomes: Outcomes, registry: RunningServer) -> None:
    assert outcomes.packages
    log = registry.output()
    assert "Traceback" not in log
    assert "ingest_broke" not in log


def test_an_answer_that_never_comes_cannot_keep_a_user_waiting(tmp_path: Path) -> None:
    """One user's packages all hang; another user's is fetched meanwhile."""
    environment = settings_for(tmp_path / "data") | {
        "REGISTRY_UPSTREAM_HEAD_SECONDS": "60",
        "REGISTRY_INGEST_SECONDS": "60",
        "REGISTRY_INGEST_CONCURRENT": "3",
        "REGISTRY_INGEST_CONCURRENT_PER_USER": "2",
    }
    running = start_server(environment)
    try:
        with raw_server() as server:
            hold_and_pass(running, server)
    finally:
        running.kill()


def hold_and_pass(running: RunningServer, server: RawServer) -> None:
    odd = {each.name: each for each in odd_answers(server.url)}
    server.scripts = {"/silence": odd["silence"].script, "/chunked": odd["chunked"].script}
    admin = log_in(running.url, running.admin_name, running.admin_password)
    body = {"name": "slow", "password": "slow and steady", "permissions": ["upload", "search"]}
    assert admin.client.post("/users", json=body).status_code == 201
    slow = log_in(running.url, "slow", "slow and steady")
    held = [submitted(slow.client, f"{server.url}/silence") for _ in range(8)]
    passing = submitted(admin.client, f"{server.url}/chunked")
    assert settled(admin.client, passing)["status"] == "active"
    assert {fetch(slow.client, package)["status"] for package in held} == {"pending"}
    for person in (admin, slow):
        person.client.close()
