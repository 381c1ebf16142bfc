"""Unmodified clients read repositories: all of a snapshot, single files, metadata, and nothing twice."""

import hashlib

from tests.api.support import JsonObject, eventually, listed
from tests.hub.conftest import CSV, FILES, RECORD_README, REPLACED, SINGLE_BYTES, World

MAIN = {"README.md": RECORD_README, **REPLACED}


def read(world: World) -> JsonObject:
    site = world.site
    old = listed(site.admin.client, name=site.name("tiny"), version="1.0.0")[0]["id"]
    names = (site.name("table"), site.name("single"))
    arguments = (site.name("tiny"), "1.0.0", "prod", old, *names, world.recorder.phases_url)
    return world.python("reading", *arguments)


def test_clients_read_a_repository_in_every_way(world: World) -> None:
    found = read(world)
    repo = world.site.name("tiny")
    assert found["snapshot"] == MAIN
    for revision in (name for name in found if name.startswith("at ")):
        assert found[revision] == FILES["config.json"], revision
    info = found["info"]
    assert (info["id"], info["sha"]) == (repo, found["commit"])
    assert info["registry"]["version"] == "1.1.0"
    assert set(info["registry"]) >= {"net_score", "range", "safety"}
    digests = {path: [len(text), hashlib.sha256(text.encode()).hexdigest()] for path, text in MAIN.items()}
    assert info["files"] == digests
    assert info["license"] == "apache-2.0"
    assert "license:apache-2.0" in info["tags"]
    assert found["tree"] == found["expanded"] == ["README.md", "config.json", "sub", "sub/a.txt"]
    assert found["files"] == sorted(MAIN)
    assert sorted(found["paths"]) == ["config.json", "sub"]
    assert found["branches"].keys() == {"main", "prod"}
    assert found["branches"]["main"] == found["tags"]["1.1.0"] == found["commit"]
    assert found["branches"]["prod"] == found["tags"]["1.0.0"]
    assert found["commits"] == ["1.1.0", "1.0.0"]
    assert found["exists"] == {
        "repo": True,
        "other repo": False,
        "file": True,
        "other file": False,
        "revision": True,
        "other revision": False,
    }
    # Other tests publish in the same namespace.
    assert found["searched"] == found["tagged"] == [repo]
    assert repo in found["listed"]
    assert world.site.name("table") in found["datasets"]
    assert found["user"] == world.site.admin.name
    assert found["ls"] == [f"{repo}/{path}" for path in ("README.md", "config.json", "sub")]
    assert found["glob"] == [f"{repo}/sub/a.txt"]
    assert found["range"] == "9876543210"
    assert found["single"] == SINGLE_BYTES
    assert found["dataset"] == {"README.md": "# T\n", "train.csv": CSV}

    during = world.recorder.during
    assert sum(asked.method == "GET" and "/resolve/" in asked.path for asked in during("snapshot")) == len(MAIN)
    # What is there is asked for by its metadata only, and not at all where the commit is named.
    for phase in ("snapshot again", "file again"):
        assert not [asked for asked in during(phase) if asked.method == "GET" and "/resolve/" in asked.path], phase
    assert not [asked for asked in during("snapshot by commit") if "/resolve/" in asked.path]
    assert not during("file by commit")
    assert all(asked.status < 500 for asked in world.recorder.requests)


def test_a_snapshot_is_one_download_in_the_audit_trail(world: World) -> None:
    site = world.site
    package = listed(site.admin.client, name=site.name("tiny"), version="1.1.0")[0]
    path = f"/package/{package['id']}/audit"

    def downloads() -> int:
        return sum(entry["action"] == "download" for entry in listed(site.admin.client, path))

    before = downloads()
    world.python("snapshot", site.name("tiny"))
    eventually(lambda: downloads() > 0)
    # Clients of other versions have read the same commit from here moments ago: then it is the same snapshot.
    assert downloads() - before <= 1


def test_clients_work_offline_with_what_they_have(world: World) -> None:
    repo = world.site.name("tiny")
    online = world.python("snapshot", repo)
    asked = len(world.recorder.requests)
    assert world.python("snapshot", repo, HF_HUB_OFFLINE="1") == online
    assert len(world.recorder.requests) == asked


def test_the_command_downloads_a_repository(world: World) -> None:
    target = world.folder / "target"
    code, printed = world.hf("download", world.site.name("tiny"), "--revision", "v1.0.0", "--local-dir", str(target))
    assert code == 0, printed
    assert {path: (target / path).read_text() for path in FILES} == FILES
