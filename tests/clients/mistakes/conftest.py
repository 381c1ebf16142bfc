"""One registry for all mistakes, with a few packages in it and two users."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.searching import wait_until_searchable
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import eventually, log_in, multipart
from tests.clients.commands import Cli

VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0", "2.1.0-rc.1")
BOB_PASSWORD = "a rather long password"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(server_environment(tmp_path_factory.mktemp("mistakes") / "data"))
    try:
        _fill(running)
        yield running
    finally:
        running.stop()


def _fill(server: RunningServer) -> None:
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        packages = [("tomli", version, "code") for version in VERSIONS]
        packages += [
            ("acme/tiny", "1.0.0", "model"),
            ("acme/twice", "1.0.0", "model"),
            ("acme/twice", "1.0.0", "dataset"),
        ]
        for name, version, kind in packages:
            body, headers = multipart({"name": name, "version": version, "type": kind}, f"{name} {version}".encode())
            assert client.post("/package", content=body, headers=headers).status_code == 201
        user = {"name": "bob", "password": BOB_PASSWORD, "permissions": ["search"]}
        assert client.post("/users", json=user).status_code == 201
        # The names that are proposed come from the search index.
        wait_until_searchable(client)
        eventually(lambda: client.get("/search", params={"q": "twice"}).json()["items"] != [])


@pytest.fixture(scope="session")
def config_of(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The configuration of somebody who is signed in, by who that is."""
    people = {"admin": (server.admin_name, server.admin_password), "bob": ("bob", BOB_PASSWORD)}
    texts = {"nobody": "{}"}
    for who, (name, password) in people.items():
        person = log_in(server.url, name, password)
        person.client.close()
        texts[who] = json.dumps({"server": server.url, "sessions": {server.url: {"user": name, "token": person.token}}})
    session = {"user": "admin", "token": "a.b.c"}
    texts["expired"] = json.dumps({"server": server.url, "sessions": {server.url: session}})
    texts["damaged"] = "{"
    return texts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run: a file to publish, and one that is in the way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("REGISTRY_SERVER", raising=False)
    (tmp_path / "tiny.zip").write_bytes(b"bytes")
    (tmp_path / "tiny-1.0.0").write_bytes(b"mine")
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


@pytest.fixture
def cli(server: RunningServer, folder: Path) -> Cli:
    return Cli(server.url)
