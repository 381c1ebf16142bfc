"""What each route costs in engine calls, through the real application. No route scans."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from registry.settings import load_settings
from tests.api.support import JsonObject, metadata, multipart
from tests.scaled.world import Calls, judge, opened_app, publish, running_app

pytestmark = pytest.mark.performance

Ask = Callable[[httpx.AsyncClient, JsonObject], Awaitable[httpx.Response]]
SESSION = ("records", "BatchGetItem")
QUERY = ("records", "Query")
GET = ("records", "GetItem")
WRITE = ("records", "TransactWriteItems")


async def read(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get(f"/package/{package['id']}")


async def list_newest(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get("/packages")


async def list_named(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get("/packages", params={"name": package["name"]})


async def publish_one(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    body, headers = multipart(metadata(), b"content")
    return await client.post("/package", content=body, headers=headers)


async def begin_upload(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    body = {"metadata": metadata(), "size": 1, "sha256": "0" * 64}
    return await client.post("/uploads", json=body)


async def stream(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get(f"/package/{package['id']}/content", params={"redirect": "false"})


async def redirect(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get(f"/package/{package['id']}/content")


async def patch(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.patch(f"/package/{package['id']}", json={"description": "another"})


async def audit(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get(f"/package/{package['id']}/audit")


async def lineage(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get(f"/package/{package['id']}/lineage")


async def users(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get("/users")


async def health(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.get("/health")


async def remove(client: httpx.AsyncClient, package: JsonObject) -> httpx.Response:
    return await client.delete(f"/package/{package['id']}")


ROUTES: list[tuple[Ask, int, dict[tuple[str, str], int]]] = [
    (read, 200, {SESSION: 1}),
    (list_newest, 200, {SESSION: 1, QUERY: 4}),
    (list_named, 200, {SESSION: 1, QUERY: 1}),
    (publish_one, 201, {SESSION: 1, WRITE: 1, ("blobs", "PutObject"): 1}),
    (begin_upload, 201, {SESSION: 1, QUERY: 1, GET: 2, WRITE: 1, ("blobs", "CreateMultipartUpload"): 1}),
    (stream, 200, {SESSION: 1, QUERY: 1, ("blobs", "GetObject"): 1}),
    (redirect, 307, {SESSION: 1, QUERY: 1}),
    (patch, 200, {SESSION: 1, QUERY: 2, WRITE: 1}),
    (audit, 200, {SESSION: 1, QUERY: 1}),
    (lineage, 200, {SESSION: 1, QUERY: 1}),
    (users, 200, {SESSION: 2, QUERY: 1}),
    (health, 200, {}),
    (remove, 204, {SESSION: 2, QUERY: 2, GET: 1, WRITE: 1, ("blobs", "DeleteObject"): 1}),
]


async def test_calls_of_each_route(backend: dict[str, str]) -> None:
    calls = Calls()
    async with opened_app(load_settings(), calls=calls) as (client, services):
        package = await publish(client, readme="# Read me")
        await judge(client, services, package)
        await client.get("/packages")  # a process asks once whether the table's entries are complete
        counted = {}
        for ask, status, _ in ROUTES:
            await services.retrieval.downloads.settle()  # by the next reader of the trail otherwise
            calls.clear()
            answer = await ask(client, package)
            assert answer.status_code == status, (ask.__name__, answer.text)
            counted[ask.__name__] = dict(calls)
    assert counted == {ask.__name__: expected for ask, _, expected in ROUTES}
    assert not any(operation == "Scan" for made in counted.values() for _, operation in made)


async def test_reads_side_by_side_cost_one_call_each(backend: dict[str, str]) -> None:
    calls = Calls()
    async with running_app(load_settings(), calls=calls) as client:
        package = await publish(client)
        calls.clear()
        answers = await asyncio.gather(*(read(client, package) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
    assert calls == {SESSION: 20}


async def test_that_one_call_sees_revocation_and_permissions(backend: dict[str, str]) -> None:
    async with running_app(load_settings()) as client:
        package = await publish(client)
        user = {"name": "reader", "password": "correct horse battery", "permissions": ["search"]}
        assert (await client.post("/users", json=user)).status_code == 201
        form = {"username": "reader", "password": user["password"]}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        own = {"Authorization": f"Bearer {token}"}
        path = f"/package/{package['id']}"
        assert (await client.get(path, headers=own)).status_code == 200
        await client.put("/users/reader/permissions", json={"permissions": ["download"]})
        assert (await client.get(path, headers=own)).status_code == 403
        await client.put("/users/reader/permissions", json={"permissions": ["search"]})
        assert (await client.get(path, headers=own)).status_code == 200
        assert (await client.delete("/auth/token", headers=own)).status_code == 204
        assert (await client.get(path, headers=own)).status_code == 401


async def test_a_file_by_commit_costs_one_read(backend: dict[str, str]) -> None:
    calls = Calls()
    async with opened_app(load_settings(), calls=calls) as (client, services):
        package = await publish(client)
        await judge(client, services, package)
        # This brings the list of files into memory.
        commit = (await client.get(f"/hf/api/models/{package['name']}")).json()["sha"]
        filename = package["content"]["filename"]
        calls.clear()
        answer = await client.head(f"/hf/{package['name']}/resolve/{commit}/{filename}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-repo-commit"] == commit
    assert calls == {SESSION: 1, QUERY: 1}


async def test_lists_and_documents_of_repositories_cost_a_few_calls(backend: dict[str, str]) -> None:
    calls = Calls()
    async with opened_app(load_settings(), calls=calls) as (client, services):
        packages = [await publish(client) for _ in range(3)]
        for package in packages:
            await judge(client, services, package)
        names = [package["name"] for package in packages]
        # The first brings the list of files into memory.
        for _ in range(2):
            calls.clear()
            assert (await client.get(f"/hf/api/models/{names[0]}")).status_code == 200
        # The session; the name with its versions, the package with what is known of it, its rating.
        assert calls == {SESSION: 2, QUERY: 2}
        calls.clear()
        answer = await client.get("/hf/api/models", params={"limit": 3})
        assert [(each["id"], each["downloads"]) for each in answer.json()] == [(name, 0) for name in reversed(names)]
        # The session, the page, its main versions, the downloads of their names, their ratings.
        assert calls[SESSION] == 5
