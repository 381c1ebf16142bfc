"""The application at scale in the test's own process and event loop, so that a test can count and time its calls."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prometheus_client import CollectorRegistry

from registry.adapters.dynamodb.connection import DynamoLimits
from registry.adapters.redis.connection import RedisLimits
from registry.adapters.s3 import S3Limits
from registry.api.state import Stopping
from registry.app import api_state, create_app
from registry.composition import open_registry
from registry.composition.engines import EngineLimits
from registry.ports.clock import Clock
from registry.services.container import Services
from registry.services.maintenance.background import beside
from registry.settings import Settings
from tests.api.support import JsonObject, metadata, multipart

PATIENT = EngineLimits(
    records=DynamoLimits(connect_seconds=30, read_seconds=30, deadline_seconds=60),
    bytes=S3Limits(connect_seconds=30, answer_seconds=30, deadline_seconds=60),
    shared=RedisLimits(connect_seconds=30, call_seconds=30),
)
"""For tests of anything but time-outs, on a busy machine."""


class Calls(Counter[tuple[str, str]]):
    """Calls by store and operation; a `StateObserver`."""

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        self[store, operation] += 1

    def consumed(self, store: str, operation: str, units: float) -> None:
        """Not of interest here."""

    def report_state(self, component: str, *, up: bool) -> None:
        """Not of interest here."""


@asynccontextmanager
async def running_app(
    settings: Settings, *, calls: Calls | None = None, limits: EngineLimits = PATIENT
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, signed in as the admin. Search is ready; nothing runs in the background."""
    async with opened_app(settings, calls=calls, limits=limits) as (client, _):
        yield client


@asynccontextmanager
async def opened_app(
    settings: Settings, *, calls: Calls | None = None, limits: EngineLimits = PATIENT, host_clock: Clock | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, Services]]:
    """As `running_app`, with the services that the application has; `host_clock` is its host's."""
    async with open_registry(settings, observer=calls, limits=limits, host_clock=host_clock) as running:
        await _fill_index(running.services)
        app = create_app(settings)
        app.state.api = api_state(running, settings, CollectorRegistry(), Stopping())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60.0) as client:
            password = settings.admin_password
            assert password is not None
            form = {"username": "admin", "password": password.get_secret_value()}
            answer = await client.post("/auth/token", data=form)
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client, running.services


async def _fill_index(services: Services) -> None:
    async with asyncio.timeout(60), beside(services.index_follower.run()):
        while not services.index_follower.has_caught_up:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the service has no event for it


async def judge(client: httpx.AsyncClient, services: Services, package: JsonObject) -> None:
    """Return once the verdict on the package's content has been applied."""
    async with beside(services.scan_as_worker()):
        answer = await client.get(f"/package/{package['id']}/safety", params={"wait": "30"})
    assert answer.status_code == 200, answer.text


async def publish(client: httpx.AsyncClient, content: bytes = b"content", **members: object) -> JsonObject:
    body, headers = multipart(metadata(**members), content)
    answer = await client.post("/package", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    package: JsonObject = answer.json()
    return package
