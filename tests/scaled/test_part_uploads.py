"""Uploads in parts to S3: by signed URLs and through the service, and what is left afterwards."""

import hashlib

import httpx
import pytest

from registry.settings import load_settings
from tests.api.support import metadata
from tests.engines.s3 import stored_in_bucket
from tests.scaled.world import running_app

MIB = 1024 * 1024
DATA = bytes(range(256)) * 4096 * 17


async def begin(client: httpx.AsyncClient, sha256: str) -> dict[str, object]:
    answer = await client.post("/uploads", json={"metadata": metadata(), "size": len(DATA), "sha256": sha256})
    assert answer.status_code == 201, answer.text
    upload: dict[str, object] = answer.json()
    return upload


@pytest.mark.parametrize("direct", [True, False])
async def test_parts_become_a_package(home: dict[str, str], direct: bool) -> None:  # noqa: FBT001
    async with running_app(load_settings()) as client, httpx.AsyncClient(trust_env=False) as anyone:
        before = len(await stored_in_bucket(home))
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
        assert len(await stored_in_bucket(home)) == before + 1


async def test_wrong_digest_leaves_it_open_and_delete_leaves_nothing(home: dict[str, str]) -> None:
    async with running_app(load_settings()) as client:
        before = sorted(await stored_in_bucket(home))
        upload = await begin(client, "0" * 64)
        path, size = f"/uploads/{upload['id']}", int(str(upload["part_size"]))
        for number in range(1, 4):
            part = DATA[(number - 1) * size : number * size]
            assert (await client.put(f"{path}/parts/{number}", content=part)).status_code == 204
        for _ in range(2):
            assert (await client.post(f"{path}/complete")).status_code == 422
            assert len((await client.get(path)).json()["parts"]) == 3
        assert (await client.delete(path)).status_code == 204
        assert sorted(await stored_in_bucket(home)) == before
