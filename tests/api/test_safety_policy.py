"""What settings make of verdicts, and verdicts that workers make."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.backends import BACKENDS, backend_settings
from tests.api.conftest import ServerFactory
from tests.api.pickles import clean, dangerous, encrypted
from tests.api.server import RunningServer, worker
from tests.api.support import Person, download, eventually, fetch, log_in, problem, publish, unique
from tests.api.test_safety import lift, quarantines, verdict
from tests.engines.redis import RedisServer


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, redis_server: RedisServer) -> Mapping[str, str]:
    """Servers that leave scans to workers, with the records in either storage backend."""
    chosen = {"REGISTRY_CACHE": "redis", "REGISTRY_JOBS": "redis", "REGISTRY_REDIS_URL": redis_server.url}
    return {**backend_settings(request, request.param), **chosen}


def add_user(admin: Person, server: RunningServer) -> Person:
    name, password = unique("user"), "correct horse battery"
    user = {"name": name, "password": password, "permissions": ["upload", "search", "download"]}
    assert admin.client.post("/users", json=user).status_code == 201
    return log_in(server.url, name, password)


@pytest.fixture
def people(start: ServerFactory, settings: Mapping[str, str]) -> Iterator[tuple[RunningServer, Person, Person, Person]]:
    """A server that requires scans, with its admin, an owner of packages, and somebody else."""
    server = start(**settings, REGISTRY_REQUIRE_SCAN="true")
    admin = log_in(server.url, server.admin_name, server.admin_password)
    owner, other = add_user(admin, server), add_user(admin, server)
    yield server, admin, owner, other
    for person in (admin, owner, other):
        person.client.close()


def test_content_is_served_once_it_has_a_verdict(people: tuple[RunningServer, Person, Person, Person]) -> None:
    server, admin, owner, other = people
    content, bad = clean(), dangerous()
    package, quarantined = publish(owner.client, content), publish(owner.client, bad)

    refused = download(other.client, package)
    problem(refused, 409, slug="not-scanned-yet")
    assert int(refused.headers["retry-after"]) >= 1
    problem(other.client.get(f"/package/{package['id']}/files/model.pkl"), 409, slug="not-scanned-yet")
    for person in (owner, admin):
        assert download(person.client, package).content == content
    waiting = other.client.get(f"/package/{package['id']}/safety", params={"wait": 1})
    assert (waiting.status_code, waiting.json()["status"]) == (202, "queued")
    assert int(waiting.headers["retry-after"]) >= 1

    with worker(server):
        assert verdict(other.client, package)["status"] == "clean"
        assert download(other.client, package).content == content
        assert verdict(owner.client, quarantined)["status"] == "dangerous"
        problem(download(other.client, quarantined), 409, slug="quarantined")
        lift(admin, quarantined)
        assert download(other.client, quarantined).content == bad


def test_several_workers_judge_each_package_once(start: ServerFactory, settings: Mapping[str, str]) -> None:
    server = start(**settings)
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        shared = dangerous()
        packages = [publish(client, shared if number % 2 else dangerous()) for number in range(12)]
        with worker(server), worker(server), ThreadPoolExecutor(6) as threads:
            verdicts = list(threads.map(lambda package: verdict(client, package), packages))
            assert {found["status"] for found in verdicts} == {"dangerous"}
            assert len({found["scanned_at"] for found in verdicts[1::2]}) == 1
            for package in packages:
                assert fetch(client, package)["status"] == "quarantined"
                assert len(quarantines(client, package)) == 1


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return backend_settings(request, request.param)


def test_content_that_could_not_be_read_may_be_refused(start: ServerFactory) -> None:
    content = encrypted()
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        before = publish(client, content, filename="model.zip")
        assert verdict(client, before)["status"] == "not_scanned"
        assert download(client, before).content == content

        server.stop()
        server.environment["REGISTRY_REFUSE_UNSCANNED"] = "true"
        server.start()
        problem(download(client, before), 409, slug="quarantined")
        eventually(lambda: bool(fetch(client, before)["status"] == "quarantined"), timeout_seconds=30)
        after = publish(client, content, filename="model.zip")
        assert verdict(client, after)["status"] == "not_scanned"
        assert fetch(client, after)["status"] == "quarantined"
        assert "model.pkl" in fetch(client, after)["status_reason"]
        lift(admin, after)
        assert download(client, after).content == content
