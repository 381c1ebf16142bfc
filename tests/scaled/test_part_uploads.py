"""Uploads in parts to S3: by signed URLs and through the service, and what is left afterwards."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from registry.adapters.dynamodb.uploads import DynamoUploadStore
from registry.adapters.s3 import S3PartStore
from registry.client import NewPackage, RegistryClient, Transfers
from registry.settings import load_settings
from tests.api.server import server_environment, start_server
from tests.api.support import JsonObject, metadata, unique
from tests.engines.s3 import stored_in_bucket
from tests.scaled.world import running_app

MIB = 1024 * 1024
MANY = 1_000
DATA = bytes(range(256)) * 4096 * 17


async def begin(client: httpx.AsyncClient, sha256: str) -> dict[str, object]:
    answer = await client.post("/uploads", json={"metadata": metadata(), "size": len(DATA), "sha256": sha256})
    assert answer.status_code == 201, answer.text
    upload: dict[str, object] = answer.json()
    return upload


@pytest.mark.parametrize("direct", [True, False])
async def test_parts_become_a_package(backend: dict[str, str], direct: bool) -> None:  # noqa: FBT001
    async with running_app(load_settings()) as client, httpx.AsyncClient(trust_env=False) as anyone:
        before = len(await stored_in_bucket(backend))
        upload = await begin(client, hashlib.sha256(DATA).hexdigest())
        path, size = f"/uploads/{upload['id']}", int(str(upload["part_size"]))
        urls = {part["number"]: part["url"] for part in upload["parts"]}  # type: ignore[attr-defined]
        for number in range(1, len(urls) + 1):
            part = DATA[(number - 1) * size : number * size]
            if direct:
                assert (await anyone.put(urls[number], content=part)).status_code == 200
            else:
                assert (await client.put(f"{path}/parts/{number}", content=part)).status_code == 204
        assert len((await client.get(path)).json()["parts"]) == 3
        answer = await client.post(f"{path}/complete")
        assert answer.status_code == 201, answer.text
        content = await client.get(f"/package/{answer.json()['id']}/content", params={"redirect": "false"})
        assert content.content == DATA
        assert len(await stored_in_bucket(backend)) == before + 1


async def test_wrong_digest_leaves_it_open_and_delete_leaves_nothing(backend: dict[str, str]) -> None:
    async with running_app(load_settings()) as client:
        before = sorted(await stored_in_bucket(backend))
        upload = await begin(client, "0" * 64)
        path, size = f"/uploads/{upload['id']}", int(str(upload["part_size"]))
        for number in range(1, 4):
            part = DATA[(number - 1) * size : number * size]
            assert (await client.put(f"{path}/parts/{number}", content=part)).status_code == 204
        for _ in range(2):
            assert (await client.post(f"{path}/complete")).status_code == 422
            assert len((await client.get(path)).json()["parts"]) == 3
        assert (await client.delete(path)).status_code == 204
        assert sorted(await stored_in_bucket(backend)) == before


@pytest.mark.parametrize(
    ("store", "call"), [(S3PartStore, "list_parts"), (S3PartStore, "_copy"), (DynamoUploadStore, "move")]
)
async def test_of_two_processes_with_a_wrong_digest_the_first_decides_where_parts_go(
    backend: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: type, call: str
) -> None:
    """Before one of its calls, the slower process is overtaken by the other one and by the part that was wrong."""
    meanwhile: list[Callable[[], Awaitable[None]]] = []
    uninterrupted = getattr(store, call)

    async def interrupted(self: object, *args: Any, **options: Any) -> Any:
        if meanwhile:
            await meanwhile.pop()()
        return await uninterrupted(self, *args, **options)

    monkeypatch.setattr(store, call, interrupted)
    async with running_app(load_settings()) as slow, running_app(load_settings(data_dir=tmp_path)) as quick:
        before = len(await stored_in_bucket(backend))
        upload = await begin(slow, hashlib.sha256(DATA).hexdigest())
        path, size = f"/uploads/{upload['id']}", int(str(upload["part_size"]))
        parts = [DATA[start : start + size] for start in range(0, len(DATA), size)]
        for number, part in enumerate((parts[0], bytes(size), parts[2]), start=1):
            assert (await slow.put(f"{path}/parts/{number}", content=part)).status_code == 204

        async def overtake() -> None:
            assert (await quick.post(f"{path}/complete")).status_code == 422
            assert (await quick.put(f"{path}/parts/2", content=parts[1])).status_code == 204

        meanwhile.append(overtake)
        refused = await slow.post(f"{path}/complete")
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "digest-mismatch")
        assert meanwhile == []
        assert len((await slow.get(path)).json()["parts"]) == 3
        assert (await slow.post(f"{path}/complete")).status_code == 201
        assert len(await stored_in_bucket(backend)) == before + 1


async def test_repeated_beginning_gives_the_same_upload_however_many_its_parts(backend: dict[str, str]) -> None:
    body = {"metadata": metadata(), "size": MANY * 8 * MIB, "sha256": "0" * 64}
    async with running_app(load_settings()) as client:

        async def ask() -> JsonObject:
            answer = await client.post("/uploads", json=body, headers={"Idempotency-Key": "many"})
            assert answer.status_code == 201, answer.text
            upload: JsonObject = answer.json()
            return upload

        first, again = await ask(), await ask()
        path = f"/uploads/{first['id']}"
        for upload in (first, again):
            assert [part["number"] for part in upload["parts"]] == list(range(1, MANY + 1))
            assert all(part["url"].startswith(backend["REGISTRY_S3_ENDPOINT_URL"]) for part in upload["parts"])
        assert first | {"parts": []} == again | {"parts": []}
        assert len((await client.get(path)).json()["missing"]) == MANY
        assert (await client.delete(path)).status_code == 204
        assert await ask() == first | {"parts": []}


async def test_refused_record_leaves_no_upload_in_the_bucket(backend: dict[str, str]) -> None:
    # As JSON it is longer than an item of DynamoDB.
    described = metadata(readme='"' * 250_000)
    async with running_app(load_settings()) as client:
        before = sorted(await stored_in_bucket(backend))
        body = {"metadata": described, "size": len(DATA), "sha256": "0" * 64}
        assert (await client.post("/uploads", json=body)).status_code == 413
        assert sorted(await stored_in_bucket(backend)) == before


async def test_own_client_sends_its_parts_to_the_bucket(backend: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(DATA)
    transfers = Transfers(parts_above_bytes=0, state_folder=tmp_path / "state")
    settings = {**backend, "REGISTRY_DATA_DIR": str(tmp_path / "data")}
    server = start_server(server_environment(tmp_path / "data", **settings))
    try:
        async with RegistryClient(server.url, transfers=transfers) as client:
            await client.login(server.admin_name, server.admin_password)
            package = await client.publish(file, NewPackage(unique("weights"), "1.0.0", "model"))
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as anyone:
            metrics = (await anyone.get("/metrics")).text
    finally:
        server.stop()
    assert package.content is not None
    assert package.content.sha256 == hashlib.sha256(DATA).hexdigest()
    (received,) = [
        line.split()[1] for line in metrics.splitlines() if line.startswith("registry_http_received_bytes_total ")
    ]
    assert float(received) < MIB
