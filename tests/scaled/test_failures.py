"""docs/failures.md, cell by cell: what each route does when an engine is slow, down, throttling or answers nonsense."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from registry.adapters.dynamodb.connection import DynamoLimits
from registry.adapters.redis.connection import RedisLimits
from registry.adapters.s3 import S3Limits
from registry.composition.engines import EngineLimits
from registry.settings import load_settings
from tests.api.backends import operate
from tests.api.support import JsonObject, metadata, multipart
from tests.engines.fault_proxy import NONSENSE, Fault, FaultProxy, HttpAnswer, dynamodb_error, fault_proxy
from tests.scaled.world import publish, running_app

LIMITS = EngineLimits(
    records=DynamoLimits(connect_seconds=2, read_seconds=2, deadline_seconds=3),
    bytes=S3Limits(connect_seconds=2, answer_seconds=2, deadline_seconds=3),
    shared=RedisLimits(connect_seconds=2, call_seconds=2),
)
SLOW_SECONDS = 0.05
HANG_SECONDS = 30.0
"""Well above what the limits add up to on a busy machine; without limits, a request would wait for ever."""
S3_SLOW_DOWN = HttpAnswer(503, b"<Error><Code>SlowDown</Code></Error>", content_type="application/xml")
DOCUMENT = Path(__file__).parents[2] / "docs" / "failures.md"

Ask = Callable[[httpx.AsyncClient, JsonObject], Awaitable[httpx.Response]]


async def send_new(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    body, headers = multipart(metadata(), b"content")
    return await client.post("/package", content=body, headers=headers)


async def send_again(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    described = {member: package[member] for member in ("name", "version", "type")}
    body, headers = multipart(described, zipped())
    return await client.put(f"/package/{package['id']}", content=body, headers=headers)


async def sign_in(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    # A wrong password: the answer shows that the account was looked at.
    return await client.post("/auth/token", data={"username": "admin", "password": "not this one"})


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("config.json", "{}")
    return target.getvalue()


def getting(path: str) -> Ask:
    return sending("GET", path)


def sending(method: str, path: str, body: JsonObject | None = None) -> Ask:
    async def ask(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
        return await client.request(method, path.replace("ID", str(package["id"])), json=body)

    return ask


ROUTES: dict[str, Ask] = {
    "GET /health": getting("/health"),
    "GET /health/ready": getting("/health/ready"),
    "GET /package/{id}": getting("/package/ID"),
    "GET /packages": getting("/packages"),
    "GET /package/{id}/content": getting("/package/ID/content"),
    "GET /package/{id}/content?redirect=false": getting("/package/ID/content?redirect=false"),
    "GET /package/{id}/audit": getting("/package/ID/audit"),
    "GET /package/{id}/lineage": getting("/package/ID/lineage"),
    "GET /package/{id}/files": getting("/package/ID/files"),
    "GET /package/{id}/cost": getting("/package/ID/cost"),
    "GET /package/{id}/rate": getting("/package/ID/rate"),
    "POST /package/{id}/license-check": sending("POST", "/package/ID/license-check", {"license": "MIT"}),
    "GET /search": getting("/search?q=failing"),
    "POST /package/byRegEx": sending("POST", "/package/byRegEx", {"regex": "failing"}),
    "PATCH /package/{id}": sending("PATCH", "/package/ID", {"license": "MIT"}),
    "PUT /package/{id}": send_again,
    "POST /package": send_new,
    "POST /auth/token": sign_in,
    "POST /uploads": sending("POST", "/uploads", {"metadata": metadata(), "size": 5, "sha256": "0" * 64}),
    "GET /users": getting("/users"),
    "GET /webhooks": getting("/webhooks"),
    "DELETE /package/{id}": sending("DELETE", "/package/ID"),
}
ENGINES = ("DynamoDB", "S3", "Redis")


def break_engine(proxy: FaultProxy, engine: str, fault: str) -> None:
    if fault == "slow":
        proxy.delay_seconds, proxy.fault = SLOW_SECONDS, Fault.SLOW
    elif fault == "hangs":
        proxy.fault = Fault.HANG
    elif fault == "down":
        proxy.fault = Fault.DOWN
    elif engine == "Redis":
        proxy.replacement = b"-LOADING it is told to\r\n" if fault == "throttling" else b"HTTP/1.1 200 OK\r\n\r\n"
        proxy.fault = Fault.REPLACE
    elif fault == "nonsense":
        proxy.reply_with(NONSENSE)
    else:
        throttling = dynamodb_error("ThrottlingException")
        proxy.reply_with(throttling if engine == "DynamoDB" else S3_SLOW_DOWN)


def documented() -> dict[tuple[str, str], dict[str, str]]:
    """The cells of the document's table: (engine, fault) → route → what it says."""
    lines = [line.strip("| ") for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    rows = [re.split(r"\s*\|\s*", line) for line in lines]
    head = next(row for row in rows if row[0] == "route")
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row[0].strip("`") not in ROUTES:
            continue
        for column, text in zip(head[1:], row[1:], strict=True):
            engine, _, fault = column.partition(" ")
            for each in ("hangs", "down", "throttling", "nonsense") if fault == "fails" else (fault,):
                cells.setdefault((engine, each), {})[row[0].strip("`")] = text
    return cells


CELLS = documented()


@pytest.fixture
async def proxies(backend: dict[str, str]) -> AsyncIterator[dict[str, FaultProxy]]:
    async with AsyncExitStack() as stack:
        names = ("REGISTRY_DYNAMODB_ENDPOINT_URL", "REGISTRY_S3_ENDPOINT_URL", "REGISTRY_REDIS_URL")
        yield {
            engine: await stack.enter_async_context(fault_proxy(backend[name]))
            for engine, name in zip(ENGINES, names, strict=True)
        }


def test_the_document_has_a_cell_for_everything() -> None:
    faults = {(engine, fault) for engine in ENGINES for fault in ("slow", "hangs", "down", "throttling", "nonsense")}
    assert set(CELLS) == faults
    assert all(cells.keys() == ROUTES.keys() for cells in CELLS.values())


@pytest.mark.parametrize(("engine", "fault"), sorted(CELLS))
async def test_what_the_document_says(proxies: dict[str, FaultProxy], engine: str, fault: str) -> None:
    settings = load_settings(
        dynamodb_endpoint_url=f"http://127.0.0.1:{proxies['DynamoDB'].port}",
        s3_endpoint_url=f"http://127.0.0.1:{proxies['S3'].port}",
        redis_url=f"redis://127.0.0.1:{proxies['Redis'].port}/0",
    )
    async with running_app(settings, limits=LIMITS) as client:
        package = await publish(client, zipped(), readme="failing", license="MIT")
        break_engine(proxies[engine], engine, fault)
        found = {}
        for route, ask in ROUTES.items():
            async with asyncio.timeout(HANG_SECONDS):
                found[route] = told(await ask(client, package))
        proxies[engine].fault = Fault.NONE
        assert found == CELLS[engine, fault]
        await back_to_normal(client)


def told(answer: httpx.Response) -> str:
    if answer.headers.get("content-type", "").startswith("application/json") and "components" in answer.text:
        return f"{answer.status_code} {answer.json()['status']}"
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert answer.json()["type"] == "/problems/unavailable"
        assert int(answer.headers["retry-after"]) >= 1
    return str(answer.status_code)


async def back_to_normal(client: httpx.AsyncClient) -> None:
    """Nothing has to be restarted."""
    for _ in range(100):
        if (await client.get("/health/ready")).json()["status"] == "ready":
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not come back by itself")


def test_operators_are_told_of_differences(backend: dict[str, str]) -> None:
    assert "as it must be" in operate(backend, "tables", "check")
    assert "lifecycle rules: unsupported" in operate(backend, "bucket", "check")
    elsewhere = {**backend, "REGISTRY_DYNAMODB_TABLE": "another-table", "REGISTRY_S3_BUCKET": "another-bucket"}
    assert "there is none" in operate(elsewhere, "tables", "check", expected=1)
    assert "does not exist" in operate(elsewhere, "bucket", "check", expected=1)
    assert "registry tables create" in operate(elsewhere, "maintenance", "sweep", expected=1)
    assert "REGISTRY_RECORDS=dynamodb" in operate({}, "tables", "check", expected=2)
