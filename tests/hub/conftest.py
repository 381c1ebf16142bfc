"""A registry in each backend with repositories for Hugging Face clients, seen through a proxy that records requests."""

import contextlib
import io
import json
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.backends import BACKENDS, SCALED, backend_settings
from tests.api.server import RunningServer, server_environment, start_server, worker
from tests.api.support import JsonObject, Person, log_in, publish, unique
from tests.engines.hub_clients import VERSIONS, HubClient
from tests.hub.recorder import Recorder, recording

CARD = "---\nlicense: apache-2.0\npipeline_tag: fill-mask\ntags: [tiny]\n---\n# Tiny\n"
FILES = {"README.md": CARD, "config.json": '{"model_type": "bert"}', "sub/a.txt": "0123456789" * 100, "sub/deep/b": "b"}
REPLACED = {"config.json": '{"model_type": "bert", "new": true}', "sub/a.txt": "9876543210" * 100}
RECORD_README = "# From the record\n"
SINGLE_BYTES = 100_000
"""A content that is no archive: at scale, the store serves it by itself."""
CSV = "a,b\n1,2\n3,4\n"


@dataclass(frozen=True, slots=True)
class Site:
    """A running registry, its admin, and a namespace of its own in it."""

    server: RunningServer
    admin: Person
    space: str

    def name(self, repository: str) -> str:
        return f"{self.space}/{repository}"


@dataclass(frozen=True, slots=True)
class World:
    """A site through a recorder, for one client with an empty cache."""

    site: Site
    recorder: Recorder
    client: HubClient
    folder: Path
    token: str

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_HOME": str(self.folder), "HF_ENDPOINT": self.recorder.endpoint, "HF_TOKEN": self.token}

    def python(self, script: str, *arguments: str, **environment: str) -> JsonObject:
        """What a script prints last, as JSON. It must succeed."""
        path = Path(__file__).parent / "scripts" / f"{script}.py"
        done = self.client.run("python", path, *arguments, environment=self.environment | environment)
        assert done.returncode == 0, done.stdout + done.stderr
        found: JsonObject = json.loads(done.stdout.splitlines()[-1])
        return found

    def hf(self, *arguments: str) -> tuple[int, str]:
        """The exit code of the `hf` command, and all that it prints."""
        done = self.client.run("hf", *arguments, environment=self.environment)
        return done.returncode, done.stdout + done.stderr


def zipped(files: Mapping[str, str | bytes], *, top: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in files.items():
            archive.writestr(top + path, data)
    return stream.getvalue()


def publish_files(site: Site, name: str, version: str, content: bytes, **members: Any) -> JsonObject:
    return publish(site.admin.client, content, filename="files.zip", name=name, version=version, **members)


@contextlib.contextmanager
def running_site(data_dir: Path, backend: str, settings: Mapping[str, str]) -> Iterator[Site]:
    server = start_server(server_environment(data_dir, **settings))
    with worker(server) if backend == SCALED else contextlib.nullcontext():
        admin = log_in(server.url, server.admin_name, server.admin_password)
        with admin.client:
            yield Site(server, admin, unique("space"))
    server.stop()


@pytest.fixture(scope="session", params=BACKENDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A registry with a model of two versions, and a dataset."""
    data_dir = tmp_path_factory.mktemp("hub") / "data"
    with running_site(data_dir, request.param, backend_settings(request, request.param)) as site:
        model = site.name("tiny")
        publish_files(site, model, "1.0.0", zipped(FILES, top="tiny/"))
        publish_files(site, model, "1.1.0", zipped(REPLACED), readme=RECORD_README, license="apache-2.0")
        site.admin.client.put(f"/names/model/{model}/aliases/prod", json={"version": "1.0.0"}).raise_for_status()
        publish_files(
            site, site.name("table"), "1.0.0", zipped({"README.md": "# T\n", "train.csv": CSV}), type="dataset"
        )
        publish(site.admin.client, bytes(SINGLE_BYTES), filename="model.bin", name=site.name("single"))
        yield site


@pytest.fixture(scope="session")
def token(site: Site) -> str:
    """An API token with which clients read."""
    wanted = {"name": "hub", "permissions": ["search", "download"], "packages": [f"{site.space}/*"]}
    answer = site.admin.client.post("/tokens", json=wanted)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["token"]
    return made


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, hub_clients: Mapping[str, HubClient]) -> HubClient:
    return hub_clients[request.param]


@pytest.fixture
def world(site: Site, client: HubClient, token: str, tmp_path: Path) -> Iterator[World]:
    with recording(site.server.url) as recorder:
        yield World(site, recorder, client, tmp_path / "hf", token)


@pytest.fixture
def reader(site: Site) -> Iterator[Person]:
    """A user who may read and owns nothing."""
    name, password = unique("reader"), secrets.token_urlsafe(12)
    user = {"name": name, "password": password, "permissions": ["search", "download"]}
    assert site.admin.client.post("/users", json=user).status_code == 201
    person = log_in(site.server.url, name, password)
    with person.client:
        yield person
