"""A registry to talk to. `registry_url` is all that a test needs that may as well run against a real one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from registry.client import RegistryClient, Retries
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD, FakeRegistry
from tests.clients.served import FaultyServer, serve

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
