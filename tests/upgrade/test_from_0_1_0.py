"""What version 0.1.0 stored is served by this version: a data folder, and a table of DynamoDB.

Both were filled by that version's own server: two versions of a model of alice's (the older one deprecated, the newer
one with a dependency), a data set of the admin's, a deleted package, ratings, a webhook.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import sqlite3
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aioboto3
import httpx
import pytest

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.keys import text
from tests.api.backends import operate
from tests.api.searching import wait_until_searchable
from tests.api.server import RunningServer, server_environment
from tests.engines.process import free_port
from tests.engines.tables import PATIENT, SESSION

HERE = Path(__file__).parent
PASSWORD = "a long password of 0.1.0"
ALICE_PASSWORD = "alice has a long one"
EMBEDDED, TABLE = "data folder", "table"


def _unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(HERE / name) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _decoded(members: dict[str, Any]) -> Any:
    return base64.b64decode(members["base64"]) if set(members) == {"base64"} else members


async def _load_table(endpoint_url: str, name: str, stored: Any) -> None:
    session = aioboto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1")
    async with session.client("dynamodb", endpoint_url=endpoint_url) as client:
        indexes = stored["definition"].pop("GlobalSecondaryIndexes")
        more = {"GlobalSecondaryIndexes": indexes} if indexes else {}
        await client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **stored["definition"], **more)
        await client.get_waiter("table_exists").wait(TableName=name)
        for item in stored["items"]:
            await client.put_item(TableName=name, Item=item)


@pytest.fixture(params=[EMBEDDED, pytest.param(TABLE, marks=pytest.mark.engines("dynamodb_endpoint"))])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> RunningServer:
    """A server of this version on the data of 0.1.0, not started."""
    more: dict[str, str] = {}
    folder = _unpacked("data-0.1.0.tar.xz" if request.param == EMBEDDED else "table-0.1.0.tar.xz", tmp_path / "data")
    if request.param == TABLE:
        endpoint_url, name = str(request.getfixturevalue("dynamodb_endpoint")), f"registry-{uuid.uuid4().hex}"
        stored = json.loads((folder / "table.json").read_text(), object_hook=_decoded)
        asyncio.run(_load_table(endpoint_url, name, stored))
        more = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "REGISTRY_RECORDS": "dynamodb",
            "REGISTRY_DYNAMODB_TABLE": name,
            "REGISTRY_DYNAMODB_ENDPOINT_URL": endpoint_url,
            "REGISTRY_JWT_SECRET": "k" * 64,
            "REGISTRY_ENGINE_PATIENCE": "4",
        }
    environment = server_environment(folder, **{"REGISTRY_ADMIN_PASSWORD": PASSWORD, **more})
    return RunningServer(f"http://127.0.0.1:{free_port()}", "admin", PASSWORD, environment)


@pytest.fixture
def upgraded(stored: RunningServer) -> Iterator[RunningServer]:
    """A server of this version that runs on the data of 0.1.0."""
    stored.start()
    yield stored
    stored.stop()


def _signed_in(server: RunningServer, name: str, password: str) -> httpx.Client:
    form = {"username": name, "password": password}
    token = httpx.post(f"{server.url}/auth/token", data=form, timeout=60, trust_env=False).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False, follow_redirects=True)


LATER_IDS = {"acme/tiny": "ffffffff-0000-7000-8000-000000000001", "Acme/Tiny": "ffffffff-0000-7000-8000-000000000002"}
"""What mallory published last, when names had no owners: a version of alice's name, and one of a name like it."""


async def _add_to_table(environment: Mapping[str, str]) -> None:
    async with open_table(
        environment["REGISTRY_DYNAMODB_TABLE"],
        endpoint_url=environment["REGISTRY_DYNAMODB_ENDPOINT_URL"],
        session=SESSION,
        limits=PATIENT,
    ) as table:
        records = [item async for items in table.scan("sk = :record", {":record": {"S": "record"}}) for item in items]
        tiny = next(item for item in records if item["name"] == {"S": "acme/tiny"})
        for name, package_id in LATER_IDS.items():
            given = {"id": package_id, "name": name, "owner": "mallory", "version": "9.0.0"}
            given["pk"] = tiny["pk"]["S"].replace(tiny["id"]["S"], package_id)
            readme = await table.get(keys.readme_key(tiny["id"]["S"]))
            assert readme is not None
            own = tiny | {member: text(value) for member, value in given.items()}
            await table.transact([table.put(own), table.put(readme | keys.readme_key(package_id))])


def _add_to_file(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        columns = [column for _, column, *_ in database.execute("PRAGMA table_info(packages)") if column != "number"]
        for name, package_id in LATER_IDS.items():
            given = {"id": package_id, "name": name, "created_by": "mallory", "version": "9.0.0"}
            chosen = ", ".join(f":{column}" if column in given else column for column in columns)
            copied = f"SELECT {chosen} FROM packages WHERE name = 'acme/tiny' LIMIT 1"  # noqa: S608
            sql = f"INSERT INTO packages ({', '.join(columns)}) {copied}"
            database.execute(sql, given)


def test_owners_are_who_published_first_and_conflicts_are_listed(stored: RunningServer) -> None:
    environment = stored.environment
    if "REGISTRY_DYNAMODB_TABLE" in environment:
        asyncio.run(_add_to_table(environment))
    else:
        _add_to_file(stored.data_dir / "registry.db")
    operate(environment, "names", "migrate")
    lines = [line for line in operate(environment, "names", "check", expected=1).splitlines() if line.startswith("{")]
    assert {json.loads(line)["detail"] for line in lines} == {
        "Acme/Tiny, acme/tiny: model: look alike, and have different owners",
        "Acme, acme: namespace: look alike, and have different owners",
        "acme/tiny: model: has versions by mallory, who is no owner",
    }
    stored.start()
    try:
        with _signed_in(stored, "admin", PASSWORD) as admin:
            owners = {
                path: admin.get(path).json()["owners"]
                for path in ("/names/model/acme/tiny", "/names/model/Acme/Tiny", "/namespaces/Acme")
            }
    finally:
        stored.stop()
    assert owners == {
        "/names/model/acme/tiny": ["alice"],
        "/names/model/Acme/Tiny": ["mallory"],
        "/namespaces/Acme": ["mallory"],
    }


def test_what_0_1_0_stored_is_served(upgraded: RunningServer) -> None:
    with _signed_in(upgraded, "alice", ALICE_PASSWORD) as alice, _signed_in(upgraded, "admin", PASSWORD) as admin:
        listed = alice.get("/packages").json()["items"]
        assert [(item["name"], item["version"]) for item in listed] == [("acme/words", "0.1.0"), ("acme/tiny", "1.1.0")]
        deprecated = alice.get("/packages", params={"status": "deprecated"}).json()["items"]
        assert [item["version"] for item in deprecated] == ["1.0.0"]
        for item in (*listed, *deprecated):
            content = alice.get(f"/package/{item['id']}/content")
            assert hashlib.sha256(content.content).hexdigest() == item["content"]["sha256"]
            assert alice.get(f"/package/{item['id']}/rate", params={"wait": 30}).status_code == 200
            actions = [entry["action"] for entry in alice.get(f"/package/{item['id']}/audit").json()["items"]]
            assert actions[-1] == "create"

        words, tiny = listed
        assert alice.get(f"/package/{tiny['id']}").json()["readme"] == "# Tiny, again\n"
        assert {node["id"] for node in alice.get(f"/package/{tiny['id']}/lineage").json()["nodes"]} == {
            tiny["id"],
            words["id"],
        }
        # Names have owners since: who published first.
        assert alice.get("/names/model/acme/tiny").json()["owners"] == ["alice"]
        assert alice.get("/names/dataset/acme/words").json()["owners"] == ["admin"]
        refused = alice.patch(f"/package/{words['id']}", json={"description": "mine"})
        assert refused.status_code == 403
        wait_until_searchable(alice)
        found = [item["name"] for item in alice.get("/search", params={"q": "review"}).json()["items"]]
        assert found == ["acme/tiny"]
        assert len(admin.get("/webhooks").json()["items"]) == 1

        published = alice.post(
            "/package", json={"name": "acme/tiny", "version": "1.2.0", "type": "model", "content_base64": "aGk="}
        )
        assert published.status_code == 201
        assert alice.delete(f"/package/{published.json()['id']}").status_code == 204
