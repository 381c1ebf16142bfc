"""REGISTRY_SESSION_LEASE_SECONDS: changes hold from the next request on, in both storage backends and all processes."""

from collections.abc import Iterator, Mapping

import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import Person, connect, log_in, problem, publish, unique


@pytest.fixture
def server(start: ServerFactory, backend: Mapping[str, str]) -> RunningServer:
    return start(**backend, workers=2, REGISTRY_SESSION_LEASE_SECONDS="0.5")


@pytest.fixture
def admin(server: RunningServer) -> Iterator[Person]:
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        yield person


def test_changes_hold_from_the_next_request_on(server: RunningServer, admin: Person) -> None:
    name, password = unique(), "a long password 1"
    body = {"name": name, "password": password, "permissions": ["upload", "search", "download"]}
    assert admin.client.post("/users", json=body).status_code == 201
    with log_in(server.url, name, password).client as client:
        package = publish(client)
        path = f"/package/{package['id']}"

        def read() -> list[int]:
            """From several connections, so that every worker has a lease."""
            statuses = []
            for _ in range(6):
                with connect(server.url) as fresh:
                    fresh.headers["Authorization"] = client.headers["Authorization"]
                    statuses.append(fresh.get(path).status_code)
            return statuses

        assert read() == [200] * 6
        changed = admin.client.put(f"/users/{name}/permissions", json={"permissions": ["download"]})
        assert changed.status_code == 200
        assert read() == [403] * 6
        admin.client.put(f"/users/{name}/permissions", json={"permissions": ["search"]}).raise_for_status()
        assert read() == [200] * 6
        made = client.post("/tokens", json={"name": "t", "permissions": ["search"]})
        token = made.raise_for_status().json()
        with connect(server.url, token["token"]) as program:
            assert program.get(path).status_code == 200
            client.delete(f"/tokens/{token['id']}").raise_for_status()
            problem(program.get(path), 401)
        assert client.delete("/auth/token").status_code == 204
        assert read() == [401] * 6
