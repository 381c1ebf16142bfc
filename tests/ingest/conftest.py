"""A registry whose GitHub and Hugging Face are imitations on the loopback interface."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.api.backends import BACKENDS, backend_settings
from tests.api.conftest import start
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import JsonObject, connect, eventually, fetch, log_in, metadata
from tests.upstreams.server import Upstreams, serve_upstreams

__all__ = ["start"]
HUB_TOKEN, GITHUB_TOKEN = "hf_for_the_hub_only", "ghp_for_the_api_only"
MAX_PACKAGE_BYTES = 4_000_000


@contextmanager
def served() -> Iterator[Upstreams]:
    """Imitations that answer from a thread of their own."""
    ready, done = threading.Event(), asyncio.Event()
    found: list[tuple[Upstreams, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with serve_upstreams() as upstreams:
            found.append((upstreams, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    upstreams, loop = found[0]
    try:
        yield upstreams
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()


def upstream_settings(upstreams: Upstreams) -> dict[str, str]:
    return {
        "REGISTRY_HUGGINGFACE_URL": upstreams.base_url + "/hub",
        "REGISTRY_GITHUB_API_URL": upstreams.base_url + "/github",
        "REGISTRY_HUGGINGFACE_TOKEN": HUB_TOKEN,
        "REGISTRY_GITHUB_TOKEN": GITHUB_TOKEN,
        "REGISTRY_ALLOW_PRIVATE_TARGETS": "true",
        "REGISTRY_MAX_PACKAGE_BYTES": str(MAX_PACKAGE_BYTES),
    }


@pytest.fixture(scope="session")
def upstreams() -> Iterator[Upstreams]:
    with served() as upstreams:
        yield upstreams


@pytest.fixture(scope="session")
def cdn() -> Iterator[Upstreams]:
    """Another host, to which the services redirect."""
    with served() as upstreams:
        yield upstreams


@pytest.fixture(scope="session", params=BACKENDS)
def registry(
    request: pytest.FixtureRequest, upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    data_dir = tmp_path_factory.mktemp("ingest") / "data"
    settings = {**backend_settings(request, request.param), **upstream_settings(upstreams)}
    running = start_server(server_environment(data_dir, **settings))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client(registry: RunningServer) -> Iterator[httpx.Client]:
    admin = log_in(registry.url, registry.admin_name, registry.admin_password)
    admin.client.close()
    with connect(registry.url, admin.token) as connected:
        yield connected


def submitted(client: httpx.Client, source_url: str, **members: object) -> JsonObject:
    """Publish by URL; the pending package."""
    answer = client.post("/package", json=metadata(source_url=source_url, **members))
    assert answer.status_code == 202, answer.text
    package: JsonObject = answer.json()
    assert package["status"] == "pending"
    return package


def settled(client: httpx.Client, package: JsonObject, *, timeout_seconds: float = 20.0) -> JsonObject:
    """The package once its ingest has ended."""
    eventually(lambda: fetch(client, package)["status"] != "pending", timeout_seconds=timeout_seconds)
    return fetch(client, package)


def ingested(client: httpx.Client, source_url: str, **members: object) -> JsonObject:
    return settled(client, submitted(client, source_url, **members))
