"""SIGKILL at the two moments that matter: the bytes are stored and the record is not; it is, and nobody was told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from tests.api.backends import SCALED, backend_settings
from tests.api.conftest import ServerFactory
from tests.api.support import download, ids, listed, log_in, metadata, multipart, unique
from tests.engines.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.engines.s3 import session, stored_in_bucket
from tests.factories import ManualClock

CONTENT = bytes(range(256)) * 4096 * 9
"""More than a part, so that its first call to S3 shows that the caller has been let in."""


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await happened():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize("between", ["bytes and record", "record and answer"])
async def test_killed_between(
    request: pytest.FixtureRequest,
    start: ServerFactory,
    dynamodb_endpoint: str,
    s3_endpoint: str,
    redis_url: str,
    between: str,
) -> None:
    settings = backend_settings(request, SCALED)
    described, key = metadata(), unique("key")
    body, headers = multipart(described, CONTENT)
    headers |= {"Idempotency-Key": key}

    async def bytes_stored() -> bool:
        return any("~" not in blob for blob in await stored_in_bucket(settings))

    async def record_stored() -> bool:
        table_name = settings["REGISTRY_DYNAMODB_TABLE"]
        async with open_table(table_name, endpoint_url=dynamodb_endpoint, session=session()) as table:
            maintenance = DynamoRecordMaintenance(table, clock=ManualClock())
            return bool([content async for content in maintenance.list_contents()])

    async def half_then_break(records: FaultProxy, blobs: FaultProxy) -> AsyncIterator[bytes]:
        async def first_part_sent() -> bool:
            return blobs.requests > before

        before = blobs.requests
        yield body[: len(body) - 1000]
        await until(first_part_sent)
        if between == "record and answer":
            records.only, records.delay_seconds = b"TransactWriteItems", 3600
            records.fault = Fault.SLOW
        else:
            records.fault = Fault.HANG
        yield body[len(body) - 1000 :]

    async with fault_proxy(dynamodb_endpoint) as records, fault_proxy(s3_endpoint) as blobs:
        proxied = {
            "REGISTRY_DYNAMODB_ENDPOINT_URL": f"http://127.0.0.1:{records.port}",
            "REGISTRY_S3_ENDPOINT_URL": f"http://127.0.0.1:{blobs.port}",
        }
        server = await asyncio.to_thread(lambda: start(**{**settings, **proxied}))
        admin = await asyncio.to_thread(log_in, server.url, server.admin_name, server.admin_password)
        own = {"Authorization": f"Bearer {admin.token}", "Content-Length": str(len(body)), **headers}
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client:
            asking = asyncio.create_task(client.post("/package", content=half_then_break(records, blobs), headers=own))
            await until(record_stored if between == "record and answer" else bytes_stored)
            await asyncio.to_thread(server.kill)
            with pytest.raises(httpx.TransportError):
                await asking
        records.fault = Fault.NONE

    # The same registry, straight at its engines.
    server.environment.update({name: settings[name] for name in proxied})
    await asyncio.to_thread(server.start)
    with admin.client as direct:
        await asyncio.to_thread(check_after, direct, described, (body, headers), between)
        await asyncio.to_thread(server.sweep)
        assert len(await stored_in_bucket(settings)) == 1


def check_after(
    client: httpx.Client, described: dict[str, object], sent: tuple[bytes, dict[str, str]], between: str
) -> None:
    """Whole or not at all, and a repetition with its key ends in exactly one package."""
    before = ids(listed(client, name=described["name"]))
    assert len(before) == (1 if between == "record and answer" else 0)
    again = client.post("/package", content=sent[0], headers=sent[1])
    assert again.status_code == 201, again.text
    assert before in ([], [again.json()["id"]])
    assert ids(listed(client, name=described["name"])) == [again.json()["id"]]
    assert download(client, again.json()).content == CONTENT
