"""Runs in a client's own environment: reads a repository in every way, and prints what came of it as JSON.

Arguments: the repository, a version of it, an alias of it, a package id, a dataset, a repository of a single file, and
the URL at which the recorder takes the names of phases.
"""

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download

repo, version, alias, package_id, dataset, single, phases = sys.argv[1:8]


def begin(phase: str) -> None:
    urllib.request.urlopen(urllib.request.Request(phases, data=phase.encode(), method="POST")).close()


def contents(folder: str) -> dict[str, str]:
    """The files of a snapshot: path and text."""
    root = Path(folder)
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


api = HfApi()
found: dict[str, Any] = {}

begin("snapshot")
folder = snapshot_download(repo)
found["snapshot"] = contents(folder)
found["commit"] = Path(folder).name
begin("snapshot again")
snapshot_download(repo)
begin("snapshot by commit")
snapshot_download(repo, revision=found["commit"])
begin("file by commit")
hf_hub_download(repo, "config.json", revision=found["commit"])
begin("file again")
hf_hub_download(repo, "config.json")
begin("revisions")
for name in (version, f"v{version}", alias, package_id):
    found[f"at {name}"] = Path(hf_hub_download(repo, "config.json", revision=name)).read_text()
begin("metadata")
info = api.model_info(repo, files_metadata=True)
found["info"] = {
    "id": info.id,
    "sha": info.sha,
    "tags": info.tags,
    "license": info.card_data and info.card_data.get("license"),
    "pipeline_tag": info.pipeline_tag,
    "downloads": info.downloads,
    "registry": info.registry,
    "created": info.created_at and info.created_at.isoformat(),
    "files": {sibling.rfilename: [sibling.size, sibling.lfs.sha256] for sibling in info.siblings},
}
found["tree"] = [entry.path for entry in api.list_repo_tree(repo, recursive=True)]
found["expanded"] = [entry.path for entry in api.list_repo_tree(repo, recursive=True, expand=True)]
found["files"] = api.list_repo_files(repo)
found["paths"] = [entry.path for entry in api.get_paths_info(repo, ["config.json", "sub", "absent"])]
refs = api.list_repo_refs(repo)
found["branches"] = {ref.name: ref.target_commit for ref in refs.branches}
found["tags"] = {ref.name: ref.target_commit for ref in refs.tags}
found["commits"] = [commit.title for commit in api.list_repo_commits(repo)]
found["exists"] = {
    "repo": api.repo_exists(repo),
    "other repo": api.repo_exists(repo + "-absent"),
    "file": api.file_exists(repo, "config.json"),
    "other file": api.file_exists(repo, "absent.json"),
    "revision": api.revision_exists(repo, version),
    "other revision": api.revision_exists(repo, "9.9.9"),
}
author, _, name = repo.partition("/")
found["listed"] = [model.id for model in api.list_models(author=author)]
found["searched"] = [model.id for model in api.list_models(search=name.upper(), author=author)]
found["tagged"] = [model.id for model in api.list_models(author=author, filter=["license:apache-2.0"])]
found["datasets"] = [each.id for each in api.list_datasets(author=author)]
found["user"] = api.whoami()["name"]
api.auth_check(repo)
begin("file system")
system = HfFileSystem()
found["ls"] = sorted(system.ls(repo, detail=False))
found["glob"] = sorted(system.glob(f"{repo}/**/*.txt"))
with system.open(f"{repo}/sub/a.txt", "rb", block_size=100) as file:
    file.seek(500)
    found["range"] = file.read(10).decode()
found["dataset"] = contents(snapshot_download(dataset, repo_type="dataset"))
found["single"] = Path(hf_hub_download(single, "model.bin")).stat().st_size
print(json.dumps(found))
