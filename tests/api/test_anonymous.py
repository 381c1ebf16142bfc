"""REGISTRY_ANONYMOUS: what requests without a token may do, in both storage backends."""

from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import Person, connect, download, eventually, json_package, listed, log_in, problem, publish

OF_ONE = ["", "/lineage", "/cost", "/audit", "/rate"]


@pytest.fixture
def open_server(start: ServerFactory, backend: Mapping[str, str]) -> RunningServer:
    return start(**backend, REGISTRY_ANONYMOUS="search,download", REGISTRY_REQUESTS_PER_MINUTE="500")


@pytest.fixture
def admin_of(open_server: RunningServer) -> Iterator[Person]:
    person = log_in(open_server.url, open_server.admin_name, open_server.admin_password)
    with person.client:
        yield person


def test_readers_without_a_token(open_server: RunningServer, admin_of: Person) -> None:
    package = publish(admin_of.client, b"bytes")
    with connect(open_server.url) as nobody:
        for path in ("/packages", "/search?q=x", *(f"/package/{package['id']}{rest}" for rest in OF_ONE)):
            assert nobody.get(path).status_code in (200, 202), path
        shown = nobody.get(f"/package/{package['id']}").headers
        assert shown["ratelimit"]
        assert shown["cache-control"].startswith("public, ")
        assert shown["vary"] == "Authorization, X-Authorization"
        own = admin_of.client.get(f"/package/{package['id']}").headers
        assert own["cache-control"] == "private, no-cache"
        assert download(nobody, package).content == b"bytes"
        assert nobody.post("/package/byRegEx", json={"regex": "x"}).status_code == 200

        for method, path in (
            ("GET", "/whoami"),
            ("DELETE", "/auth/token"),
            ("GET", "/tokens"),
            ("GET", "/users"),
            ("DELETE", f"/package/{package['id']}"),
            ("DELETE", "/users/admin"),
        ):
            assert problem(nobody.request(method, path), 401)["detail"]
        problem(nobody.post("/package", json=json_package()), 401)

        for header in (
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Bearer"},
            {"Authorization": "Basic YTpi"},
            {"X-Authorization": "nonsense"},
            {"Authorization": "Bearer reg_" + "0" * 49},
        ):
            problem(nobody.get(f"/package/{package['id']}", headers=header), 401)
            problem(nobody.get("/packages", headers=header), 401)

        def downloads() -> list[str | None]:
            entries = listed(admin_of.client, f"/package/{package['id']}/audit")
            return [entry["user"] for entry in entries if entry["action"] == "download"]

        eventually(lambda: downloads() == [None])

        assert admin_of.client.patch(f"/package/{package['id']}", json={"status": "quarantined"}).status_code == 200
        problem(nobody.get(f"/package/{package['id']}"), 404)
        assert listed(nobody, status="quarantined") == []


def test_search_alone_lets_nobody_download(start: ServerFactory) -> None:
    server = start(REGISTRY_ANONYMOUS="search")
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client, connect(server.url) as nobody:
        package = publish(person.client)
        assert nobody.get(f"/package/{package['id']}").status_code == 200
        problem(download(nobody, package), 401)
        assert nobody.get(f"/package/{package['id']}/rate", params={"wait": 20}).status_code == 200
        actions = [(entry["user"], entry["action"]) for entry in listed(nobody, f"/package/{package['id']}/audit")]
        assert ("", "rate") not in actions


def test_requests_are_counted_for_each_address(start: ServerFactory) -> None:
    server = start(REGISTRY_ANONYMOUS="search", REGISTRY_REQUESTS_PER_MINUTE="3")
    with connect(server.url) as nobody:
        answers: list[httpx.Response] = [nobody.get("/packages") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        assert person.client.get("/packages").status_code == 200
