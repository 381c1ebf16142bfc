"""Servers and users for the API tests.

With REGISTRY_TEST_URL and REGISTRY_TEST_ADMIN_PASSWORD (and REGISTRY_TEST_ADMIN_USERNAME unless it is `admin`) the
tests run against that live server. Tests that must end, empty or restrict a server start one of their own all the same.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from tests.api.backends import BACKENDS, EMBEDDED, SCALED, backend_settings
from tests.api.server import RunningServer, server_environment, start_server, worker
from tests.api.support import JsonObject, Person, connect, log_in, publish, unique
from tests.api.uploads import PART_BYTES
from tests.api.webhooks import register
from tests.receivers import Receiver

ServerFactory = Callable[..., RunningServer]
REACHING = {"REGISTRY_ALLOW_PRIVATE_TARGETS": "true", "REGISTRY_UPLOAD_SECONDS": "1"}


class UserFactory(Protocol):
    def __call__(self, *permissions: str, password: str = "") -> Person: ...


@pytest.fixture(scope="session", params=BACKENDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if url := os.environ.get("REGISTRY_TEST_URL"):
        name = os.environ.get("REGISTRY_TEST_ADMIN_USERNAME", "admin")
        yield RunningServer(url.rstrip("/"), name, os.environ["REGISTRY_TEST_ADMIN_PASSWORD"])
        return
    yield request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(scope="session")
def embedded_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Not `server` itself: pytest ends a fixture when it gets another parameter, which is twice in each file."""
    with _shared_server(request, tmp_path_factory, EMBEDDED) as running:
        yield running


@pytest.fixture(scope="session")
def scaled_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with _shared_server(request, tmp_path_factory, SCALED) as running:
        yield running


@contextlib.contextmanager
def _shared_server(
    request: pytest.FixtureRequest, folders: pytest.TempPathFactory, backend: str, *, workers: int = 1, **more: str
) -> Iterator[RunningServer]:
    # Wrong passwords of all tests count together.
    settings = {"REGISTRY_LOGIN_ATTEMPTS_PER_ADDRESS": "10000", **more, **backend_settings(request, backend)}
    running = start_server(server_environment(folders.mktemp(backend) / "data", **settings), workers=workers)
    with worker(running) if backend == SCALED else contextlib.nullcontext():
        yield running
    running.stop()


@pytest.fixture(scope="module")
def part_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in the embedded backend whose parts are small, so that little makes many of them."""
    data_dir = tmp_path_factory.mktemp("parts") / "data"
    running = start_server(server_environment(data_dir, REGISTRY_UPLOAD_PART_BYTES=str(PART_BYTES)))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def part_admin(part_server: RunningServer) -> Iterator[Person]:
    person = log_in(part_server.url, part_server.admin_name, part_server.admin_password)
    with person.client:
        yield person


@pytest.fixture(scope="module")
def people(part_server: RunningServer, part_admin: Person) -> Iterator[Mapping[str, Person]]:
    """Users of `part_server`: two who may upload, one who may not."""
    wanted = {"owner": ["upload", "search", "download"], "stranger": ["upload"], "reader": ["search", "download"]}
    with contextlib.ExitStack() as clients:
        found = {}
        for role, permissions in wanted.items():
            name, password = unique(role), secrets.token_urlsafe(12)
            user = {"name": name, "password": password, "permissions": permissions}
            assert part_admin.client.post("/users", json=user).status_code == httpx.codes.CREATED
            found[role] = log_in(part_server.url, name, password)
            clients.enter_context(found[role].client)
        yield found


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Settings of either storage backend, for servers that belong to one test."""
    return backend_settings(request, request.param)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[ServerFactory]:
    """Starts servers that belong to one test: `start(workers=1, **settings)`."""
    started: list[RunningServer] = []

    def start_own(*, workers: int = 1, **settings: str) -> RunningServer:
        data_dir = tmp_path / f"data-{len(started)}"
        started.append(start_server(server_environment(data_dir, **settings), workers=workers))
        return started[-1]

    yield start_own
    for running in started:
        if running.process is not None:
            running.kill()


@pytest.fixture(scope="session")
def admin(server: RunningServer) -> Iterator[Person]:
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        yield person


@pytest.fixture(scope="session")
def make_user(server: RunningServer, admin: Person) -> Iterator[UserFactory]:
    """Adds a user with these permissions and logs in as that user."""
    made: list[Person] = []

    def make(*permissions: str, password: str = "") -> Person:
        name, secret = unique("user"), password or secrets.token_urlsafe(12)
        answer = admin.client.post("/users", json={"name": name, "password": secret, "permissions": list(permissions)})
        assert answer.status_code == 201, answer.text
        made.append(log_in(server.url, name, secret))
        return made[-1]

    yield make
    for person in made:
        person.client.close()


@pytest.fixture(scope="session")
def publisher(make_user: UserFactory) -> Person:
    """A user who may do everything but administer."""
    return make_user("upload", "search", "download")


@pytest.fixture(scope="session")
def stranger(make_user: UserFactory) -> Person:
    """Like `publisher`, and owner of nothing."""
    return make_user("upload", "search", "download")


@pytest.fixture(scope="session")
def only(make_user: UserFactory) -> Mapping[str, Person]:
    """One user for each permission, who has no other."""
    return {permission: make_user(permission) for permission in ("upload", "search", "download", "admin")}


@pytest.fixture
def package(publisher: Person) -> JsonObject:
    """A package of `publisher`'s with content."""
    return publish(publisher.client)


@pytest.fixture(scope="session")
def anonymous(server: RunningServer) -> Iterator[httpx.Client]:
    with connect(server.url) as client:
        yield client


@pytest.fixture(scope="session", params=BACKENDS)
def reaching(request: pytest.FixtureRequest) -> RunningServer:
    """A server of two workers that may send to receivers on this host."""
    shared: RunningServer = request.getfixturevalue(f"{request.param}_reaching")
    return shared


@pytest.fixture(scope="session")
def embedded_reaching(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with _shared_server(request, tmp_path_factory, EMBEDDED, workers=2, **REACHING) as running:
        yield running


@pytest.fixture(scope="session")
def scaled_reaching(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with _shared_server(request, tmp_path_factory, SCALED, workers=2, **REACHING) as running:
        yield running


@pytest.fixture(scope="session")
def boss(reaching: RunningServer) -> Iterator[Person]:
    person = log_in(reaching.url, reaching.admin_name, reaching.admin_password)
    with person.client:
        yield person


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().served() as receiver:
        yield receiver


@pytest.fixture
def webhook(boss: Person, receiver: Receiver) -> Iterator[JsonObject]:
    """A webhook that the receiver gets all changes of packages by."""
    made = register(boss.client, url=receiver.url)
    yield made
    boss.client.delete(f"/webhooks/{made['id']}")
