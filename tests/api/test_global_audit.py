"""The log of all audit entries: listed, exported, signed and proven."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from registry.adapters.ed25519 import verify
from registry.cli import app
from registry.domain.audit_log import NO_DIGEST, digest_of, open_note
from registry.domain.merkle import Frontier, proven_root
from tests.api.conftest import ServerFactory, UserFactory
from tests.api.server import RunningServer
from tests.api.support import TIMESTAMP, JsonObject, Person, connect, download, eventually, listed, log_in, publish

NDJSON = {"Accept": "application/x-ndjson"}


def actions(client: httpx.Client, **filters: str) -> list[tuple[str, str | None, str]]:
    return [(entry["package_id"], entry["user"], entry["action"]) for entry in listed(client, "/audit", **filters)]


def test_entries_of_all_packages(admin: Person, make_user: UserFactory) -> None:
    user = make_user("upload", "search", "download")
    begun = datetime.now(UTC) - timedelta(seconds=1)
    first, second = publish(user.client), publish(user.client)
    assert user.client.patch(f"/package/{first['id']}", json={"description": "x"}).status_code == 200
    assert user.client.delete(f"/package/{second['id']}").status_code == 204
    download(user.client, first)

    eventually(lambda: (first["id"], user.name, "download") in actions(admin.client, user=user.name))
    done = [each for each in actions(admin.client, user=user.name) if each[2] not in ("download", "rate")]
    expected = [(second["id"], "delete"), (first["id"], "update"), (second["id"], "create"), (first["id"], "create")]
    assert done == [(package_id, user.name, action) for package_id, action in expected]

    deleted = (second["id"], user.name, "delete")
    assert actions(admin.client, user=user.name, action="delete") == [deleted]
    assert deleted in actions(admin.client, package=second["id"])
    assert {package_id for package_id, *_ in actions(admin.client, package=second["id"])} == {second["id"]}
    since = begun.isoformat()
    assert len(actions(admin.client, user=user.name, action="create", since=since)) == 2
    assert actions(admin.client, user=user.name, until=since) == []
    assert actions(admin.client, user="nobody-of-this-name") == []

    (page,) = admin.client.get("/audit", params={"limit": 1}).json()["items"]
    assert set(page) == {
        "at", "user", "action", "revision", "sha256", "package_id", "id", "position", "previous", "digest"
    }  # fmt: skip
    assert TIMESTAMP.fullmatch(page["at"])


@pytest.mark.parametrize("query", [{"action": "fly"}, {"since": "yesterday"}, {"package": "a/b"}, {"limit": "0"}])
def test_a_filter_that_is_none_is_refused(admin: Person, query: Mapping[str, str]) -> None:
    assert admin.client.get("/audit", params=query).status_code == 422


def exported(client: httpx.Client, **filters: str) -> list[JsonObject]:
    with client.stream("GET", "/audit", params=filters, headers=NDJSON) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in answer.iter_lines()]


def test_an_export_is_chained_and_signed(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        packages = [publish(person.client) for _ in range(4)]
        assert person.client.delete(f"/package/{packages[0]['id']}").status_code == 204
        before = person.client.get("/audit/checkpoint").json()
        publish(person.client)
        after = person.client.get("/audit/checkpoint").json()
        entries = exported(person.client)[::-1]

        key = base64.b64decode(after["public_key"])
        assert [entry["position"] for entry in entries] == list(range(len(entries)))
        digests = [digest_of(entry) for entry in entries]
        assert [entry["digest"] for entry in entries] == [digest.hex() for digest in digests]
        assert [entry["previous"] for entry in entries] == [each.hex() for each in [NO_DIGEST, *digests[:-1]]]
        for signed in (before, after):
            checkpoint = open_note(signed["note"], key, verify)
            assert (checkpoint.size, checkpoint.root.hex()) == (signed["size"], signed["root"])
            assert Frontier().extended(digests[: checkpoint.size]).root == checkpoint.root
        assert 5 <= before["size"] < after["size"]

        proof = person.client.get("/audit/proof/3").json()
        checkpoint = open_note(proof["checkpoint"], key, verify)
        path = [bytes.fromhex(each) for each in proof["proof"]]
        assert proof["entry"] == entries[3]
        assert proven_root(digest_of(proof["entry"]), 3, checkpoint.size, path) == checkpoint.root
        assert person.client.get("/audit/proof/99999").status_code == 404
        assert exported(person.client, action="delete")[0]["package_id"] == packages[0]["id"]
        assert {entry["package_id"] for entry in exported(person.client, package=packages[1]["id"])} == {
            packages[1]["id"]
        }


def test_the_commands(start: ServerFactory, tmp_path: Path) -> None:
    server = start()
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        package = publish(person.client)
    environment = {"REGISTRY_SERVER": server.url, "REGISTRY_TOKEN": person.token}

    def run(*words: str) -> str:
        result = CliRunner(env=environment).invoke(app, ["audit", *words])
        assert result.exit_code == 0, result.output
        return result.output

    files = {name: tmp_path / name for name in ("checkpoint", "export", "proof")}
    files["checkpoint"].write_text(run("checkpoint"))
    files["export"].write_text(run("export"))
    files["proof"].write_text(run("proof", "0"))
    assert json.loads(run(package["name"]).splitlines()[-1])["action"] == "create"
    assert run("export", "--action", "delete") == ""
    assert "as they were signed" in run("verify", str(files["export"]), "-c", str(files["checkpoint"]))
    assert "Entry 0" in run("verify", "--proof", str(files["proof"]), "-c", str(files["checkpoint"]))


def test_who_may_read_it(server: RunningServer, publisher: Person) -> None:
    with connect(server.url) as nobody:
        for path in ("/audit", "/audit/checkpoint", "/audit/proof/0"):
            assert publisher.client.get(path).status_code == 403
            assert nobody.get(path).status_code == 401
