"""The Hugging Face endpoint as plain HTTP: the documents, headers and codes that clients read."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.archives import FORMS, zipped
from tests.api.support import JsonObject, Person, fetch, problem, publish, sha256_hex, unique

COMMIT = re.compile(r"[0-9a-f]{40}")
CONFIG = b'{"model_type": "bert"}'
FILES = {"bert/config.json": CONFIG, "bert/sub/a b+%.txt": b"0123456789", "bert/sub/deep/x": b"x"}


def publish_files(person: Person, files: dict[str, bytes], **members: Any) -> JsonObject:
    return publish(person.client, zipped(files), filename="files.zip", **members)


def info(person: Person, name: str, revision: str = "main", *, kind: str = "models") -> JsonObject:
    answer = person.client.get(f"/hf/api/{kind}/{name}/revision/{revision}")
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


def resolve(person: Person, name: str, path: str, revision: str = "main", **headers: str) -> httpx.Response:
    named = {header.replace("_", "-"): value for header, value in headers.items()}
    address = f"/hf/{name}/resolve/{revision}/{quote(path)}"
    return person.client.get(address, headers=named, follow_redirects=True)


def refused(answer: httpx.Response, status: int, code: str | None, text: str) -> None:
    """An error of which clients show the text."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get("x-error-code") == code
    assert text in answer.headers["x-error-message"]
    if answer.request.method != "HEAD":
        problem(answer, status)


@pytest.fixture
def model(publisher: Person) -> JsonObject:
    return publish_files(publisher, FILES, name=f"{unique('space')}/bert", readme="# Record\n")


def test_a_commit_names_the_files_of_a_package(publisher: Person, model: JsonObject) -> None:
    found = info(publisher, model["name"])
    assert found["id"] == model["name"]
    assert COMMIT.fullmatch(found["sha"])
    assert found["sha"].startswith(model["id"].replace("-", ""))
    assert [each["rfilename"] for each in found["siblings"]] == [
        "README.md",
        "config.json",
        "sub/a b+%.txt",
        "sub/deep/x",
    ]
    for revision in ("latest", "1.0.0", "v1.0.0", model["id"], found["sha"]):
        assert info(publisher, model["name"], revision)["sha"] == found["sha"], revision
    of_main = publisher.client.get(f"/hf/api/models/{model['name']}").json()
    # Its rating may have come meanwhile.
    assert (of_main["sha"], of_main["siblings"]) == (found["sha"], found["siblings"])


def test_a_commit_whose_files_were_replaced_is_no_revision(publisher: Person, model: JsonObject) -> None:
    name, before = model["name"], info(publisher, model["name"])["sha"]
    for change in ({"description": "other"}, {"readme": "# Other\n"}):
        answer = publisher.client.patch(f"/package/{model['id']}", json=change)
        assert answer.status_code == 200, answer.text
        kept = "readme" not in change
        answer = publisher.client.get(f"/hf/api/models/{name}/revision/{before}")
        assert (answer.status_code == 200) is kept
    refused(answer, 404, "RevisionNotFound", "replaced")
    refused(publisher.client.head(f"/hf/{name}/resolve/{before}/config.json"), 404, "RevisionNotFound", "replaced")
    after = info(publisher, name)["sha"]
    assert after != before
    assert resolve(publisher, name, "README.md", after).text == "# Other\n"


def test_equal_bytes_in_two_packages_have_two_commits(publisher: Person) -> None:
    names = [unique(), unique()]
    first, second = (publish_files(publisher, FILES, name=name) for name in names)
    commits = [info(publisher, name)["sha"] for name in names]
    assert commits[0] != commits[1]
    crossed = publisher.client.get(f"/hf/api/models/{first['name']}/revision/{commits[1]}")
    refused(crossed, 404, "RevisionNotFound", "no revision")
    assert first["content"]["sha256"] == second["content"]["sha256"]


def test_a_file_has_the_headers_that_clients_need(publisher: Person, model: JsonObject) -> None:
    name, commit = model["name"], info(publisher, model["name"])["sha"]
    for path, data in {"config.json": CONFIG, "sub/a b+%.txt": b"0123456789", "README.md": b"# Record\n"}.items():
        head = publisher.client.head(f"/hf/{name}/resolve/main/{quote(path)}")
        assert (head.status_code, head.content) == (200, b"")
        answer = resolve(publisher, name, path)
        assert (answer.status_code, answer.content) == (200, data)
        for found in (head, answer):
            assert found.headers["x-repo-commit"] == commit
            assert found.headers["etag"] == found.headers["x-linked-etag"] == f'"{sha256_hex(data)}"'
            assert found.headers["x-linked-size"] == found.headers["content-length"] == str(len(data))
            assert found.headers["accept-ranges"] == "bytes"
            assert not [header for header in found.headers if "xet" in header]


def test_ranges_of_files(publisher: Person, model: JsonObject) -> None:
    part = resolve(publisher, model["name"], "sub/a b+%.txt", Range="bytes=2-4")
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert resolve(publisher, model["name"], "README.md", Range="bytes=-7").content == b"Record\n"
    assert resolve(publisher, model["name"], "config.json", Range="bytes=99-").status_code == 416


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_archive_is_a_repository(publisher: Person, form: str) -> None:
    pack, filename, media_type = FORMS[form]
    package = publish(publisher.client, pack(FILES), filename=filename, media_type=media_type, type="dataset")
    name = f"datasets/{package['name']}"
    assert resolve(publisher, name, "config.json").content == CONFIG
    tree = publisher.client.get(f"/hf/api/{name}/tree/main", params={"recursive": "True"}).json()
    assert [entry["path"] for entry in tree] == ["config.json", "sub", "sub/a b+%.txt", "sub/deep", "sub/deep/x"]


def test_a_single_file_is_a_repository_of_one_file(publisher: Person) -> None:
    package = publish(publisher.client, b"weights" * 100, filename="model.bin")
    assert [each["rfilename"] for each in info(publisher, package["name"])["siblings"]] == ["model.bin"]
    assert resolve(publisher, package["name"], "model.bin").content == b"weights" * 100


def test_a_tree_has_the_members_that_clients_demand(publisher: Person, model: JsonObject) -> None:
    address = f"/hf/api/models/{model['name']}/tree/main"
    entries = publisher.client.get(address).json()
    assert [(entry["type"], entry["path"]) for entry in entries] == [
        ("file", "README.md"),
        ("file", "config.json"),
        ("directory", "sub"),
    ]
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256_hex(CONFIG)}\nsize {len(CONFIG)}\n"
    config = entries[1]
    assert config["lfs"] == {"oid": sha256_hex(CONFIG), "size": len(CONFIG), "pointerSize": len(pointer)}
    blob = b"blob %d\0" % len(pointer) + pointer.encode()
    assert config["oid"] == hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    inner = publisher.client.get(f"{address}/{quote('sub/deep', safe='')}").json()
    assert [entry["path"] for entry in inner] == ["sub/deep/x"]
    refused(publisher.client.get(f"{address}/absent"), 404, "EntryNotFound", "absent")
    expanded = publisher.client.get(address, params={"expand": "true"}).json()
    assert expanded[1]["lastCommit"]["title"] == "1.0.0"
    assert expanded[1]["securityFileStatus"].keys() == {"status", "avScan", "pickleImportScan"}


def test_a_tree_comes_in_pages(publisher: Person) -> None:
    paths = [f"{folder}/{number}" for folder in "ab" for number in range(5)]
    package = publish_files(publisher, dict.fromkeys(paths, b""))
    found: list[str] = []
    address: str | None = f"/hf/api/models/{package['name']}/tree/main?recursive=true&limit=3"
    while address:
        page = publisher.client.get(address)
        found += [entry["path"] for entry in page.json() if entry["type"] == "file"]
        address = page.links.get("next", {}).get("url")
        assert address is None or address.startswith(str(publisher.client.base_url))
    assert found == paths


def test_paths_are_asked_for_by_a_form(publisher: Person, model: JsonObject) -> None:
    sent = {"paths": ["config.json", "sub", "absent", "sub/deep/x"], "expand": "False"}
    answer = publisher.client.post(f"/hf/api/models/{model['name']}/paths-info/main", data=sent)
    assert [entry["path"] for entry in answer.json()] == ["config.json", "sub", "sub/deep/x"]


def test_what_is_missing_has_its_code(publisher: Person, model: JsonObject) -> None:
    client, name = publisher.client, model["name"]
    for address in (f"/hf/api/models/{unique()}", f"/hf/api/datasets/{name}", f"/hf/{unique()}/resolve/main/x"):
        refused(client.get(address), 404, "RepoNotFound", "There is no")
    for revision in ("9.9.9", "prod", quote("refs/pr/1", safe=""), "0" * 40, model["id"][:-1] + "x"):
        refused(client.get(f"/hf/api/models/{name}/revision/{revision}"), 404, "RevisionNotFound", "no revision")
        refused(client.head(f"/hf/{name}/resolve/{revision}/config.json"), 404, "RevisionNotFound", "no revision")
    answer = client.head(f"/hf/{name}/resolve/main/absent.json")
    refused(answer, 404, "EntryNotFound", "absent.json")
    assert answer.headers["x-repo-commit"] == info(publisher, name)["sha"]


def test_deprecated_packages_are_served_with_a_warning(publisher: Person) -> None:
    name = unique()
    for version in ("1.0.0", "1.1.0"):
        package = publish_files(publisher, FILES, name=name, version=version, status="deprecated")
    found = publisher.client.get(f"/hf/api/models/{name}")
    assert found.json()["registry"]["version"] == "1.1.0"
    assert "1.1.0 is deprecated" in found.headers["x-hf-warning"]
    head = publisher.client.head(f"/hf/{name}/resolve/main/config.json")
    assert "is deprecated" in head.headers["x-hf-warning"]
    publish_files(publisher, FILES, name=name, version="1.0.1")
    found = publisher.client.get(f"/hf/api/models/{name}")
    assert found.json()["registry"]["version"] == "1.0.1"
    assert "x-hf-warning" not in found.headers
    assert fetch(publisher.client, package)["status"] == "deprecated"


def test_quarantine_is_refused_with_its_reason(admin: Person, stranger: Person, model: JsonObject) -> None:
    quarantine = {"status": "quarantined"}
    assert admin.client.patch(f"/package/{model['id']}", json=quarantine).status_code == 200
    for revision in ("main", "1.0.0", model["id"]):
        answer = stranger.client.get(f"/hf/api/models/{model['name']}/revision/{revision}")
        refused(answer, 403, "GatedRepo", "quarantined")
        assert "quarantined" in answer.headers["x-hf-warning"]
        head = stranger.client.head(f"/hf/{model['name']}/resolve/{revision}/config.json")
        refused(head, 403, "GatedRepo", "quarantined")


def test_a_draft_exists_for_its_owner_only(publisher: Person, stranger: Person) -> None:
    draft = publish_files(publisher, FILES, status="draft")
    assert info(publisher, draft["name"], "1.0.0")["registry"]["status"] == "draft"
    for revision in ("main", "1.0.0", draft["id"]):
        answer = stranger.client.get(f"/hf/api/models/{draft['name']}/revision/{revision}")
        refused(answer, 404, "RepoNotFound", "There is no model")


def test_readers_need_a_token_that_may_download(
    anonymous: httpx.Client, only: dict[str, Person], model: JsonObject
) -> None:
    head = f"/hf/{model['name']}/resolve/main/config.json"
    refused(anonymous.head(head), 401, "GatedRepo", "token")
    refused(anonymous.get("/hf/api/whoami-v2"), 401, "GatedRepo", "token")
    refused(only["search"].client.head(head), 403, "GatedRepo", "download")
    refused(only["download"].client.get(f"/hf/api/models/{model['name']}"), 403, "GatedRepo", "search")


def test_uploads_are_refused_with_what_to_do(publisher: Person, model: JsonObject) -> None:
    for address in ("/hf/api/repos/create", f"/hf/api/models/{model['name']}/preupload/main"):
        answer = publisher.client.post(address, json={})
        assert answer.status_code in (404, 405), answer.text
        assert "takes no uploads" in answer.headers["x-error-message"]


def test_refs_and_commits_are_versions_and_aliases(publisher: Person) -> None:
    name = f"{unique('space')}/bert"
    first = publish_files(publisher, FILES, name=name, version="1.0.0")
    publish_files(publisher, {"other": b""}, name=name, version="2.0.0")
    publisher.client.put(f"/names/model/{name}/aliases/prod", json={"version": "1.0.0"}).raise_for_status()
    refs = publisher.client.get(f"/hf/api/models/{name}/refs").json()
    targets = {ref["ref"]: ref["targetCommit"] for ref in [*refs["branches"], *refs["tags"]]}
    assert targets.keys() == {"refs/heads/main", "refs/heads/prod", "refs/tags/1.0.0", "refs/tags/2.0.0"}
    assert targets["refs/heads/prod"] == targets["refs/tags/1.0.0"] == info(publisher, name, "prod")["sha"]
    commits = publisher.client.get(f"/hf/api/models/{name}/commits/main").json()
    assert [commit["title"] for commit in commits] == ["2.0.0", "1.0.0"]
    of_first = publisher.client.get(f"/hf/api/models/{name}/commits/{first['id']}").json()
    assert [commit["title"] for commit in of_first] == ["1.0.0"]


def safetensors(**shapes: list[int]) -> bytes:
    header = json.dumps({name: {"dtype": "F32", "shape": shape, "data_offsets": []} for name, shape in shapes.items()})
    return len(header).to_bytes(8, "little") + header.encode() + b"weights"


def test_parameters_are_counted_by_safetensors(publisher: Person) -> None:
    whole = publish_files(publisher, {"m/model.safetensors": safetensors(a=[2, 3], b=[4]), "m/x": b""})
    assert info(publisher, whole["name"])["safetensors"] == {"parameters": {"F32": 10}, "total": 10}
    shards = {f"model-0000{number}-of-00002.safetensors": safetensors(a=[number]) for number in (1, 2)}
    assert info(publisher, publish_files(publisher, shards)["name"])["safetensors"]["total"] == 3
    for broken in (b"", b"\xff" * 20, safetensors(a=[-1]), (5).to_bytes(8, "little") + b"{}"):
        package = publish_files(publisher, {"model.safetensors": broken})
        assert "safetensors" not in info(publisher, package["name"])


def test_a_name_has_one_segment_or_two(publisher: Person) -> None:
    name = unique()
    publish_files(publisher, {"f": b"one"}, name=name)
    publish_files(publisher, {"f": b"two"}, name=f"{name}/resolve")
    assert resolve(publisher, name, "f").content == b"one"
    assert resolve(publisher, f"{name}/resolve", "f").content == b"two"
    refused(publisher.client.get(f"/hf/api/models/{name}/other"), 404, "RepoNotFound", f"{name}/other")
