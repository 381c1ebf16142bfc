"""A registry to talk to. `registry_url` is all that a test needs that may as well run against a real one."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.client import Package, RegistryClient, Retries
from tests.clients.commands import Cli
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD, FakeRegistry
from tests.clients.served import FaultyServer, serve

BYTES = random.Random(5).randbytes(1024 * 1024) * 5  # noqa: S311
MODEL_BYTES = b"model bytes " * 100_000
QUICK = Retries(first_wait_seconds=0.001, longest_wait_seconds=0.05)


@dataclass(frozen=True)
class Fake:
    """The registry in memory, and the server before it that counts and breaks."""

    url: str
    registry: FakeRegistry
    server: FaultyServer


@pytest.fixture(scope="session")
def running_fake() -> Iterator[Fake]:
    registry = FakeRegistry()
    server = FaultyServer(registry.app)
    with serve(server) as url:
        yield Fake(url, registry, server)


@pytest.fixture
def fake(running_fake: Fake) -> Fake:
    """An empty registry without faults."""
    running_fake.registry.reset()
    running_fake.server.requests.clear()
    running_fake.server.faults.clear()
    return running_fake


@pytest.fixture
def registry_url(fake: Fake) -> str:
    """The address of an empty registry whose admin is ADMIN with ADMIN_PASSWORD."""
    return fake.url


@pytest.fixture
async def client(registry_url: str) -> AsyncIterator[RegistryClient]:
    """A client that the admin signed in with."""
    async with RegistryClient(registry_url, retries=QUICK) as client:
        await client.login(ADMIN, ADMIN_PASSWORD)
        yield client


@pytest.fixture
def stored(fake: Fake) -> str:
    """The id of a package with BYTES."""
    metadata = {"name": "tiny", "version": "1.0.0", "type": "model"}
    return fake.registry.store(ADMIN, metadata, BYTES, filename="tiny.bin").id


@pytest.fixture
async def package(client: RegistryClient, stored: str) -> Package:
    return await client.get(stored)


@pytest.fixture
def visitor(registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Nobody yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Cli(registry_url)


@pytest.fixture
def cli(visitor: Cli) -> Cli:
    """The admin, signed in."""
    visitor.done("login", "--user", ADMIN, "--password-stdin", stdin=ADMIN_PASSWORD + "\n")
    return visitor


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.zip"
    path.write_bytes(MODEL_BYTES)
    return path


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "registry" / "config.json"
