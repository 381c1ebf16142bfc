"""What Hugging Face clients read of repositories, revisions and files (https://huggingface.co/docs/hub/api)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from registry.domain.documents import format_time
from registry.domain.names import namespace_of
from registry.domain.packages import Package
from registry.domain.repositories import MAIN, commit_of
from registry.ports.ratings import RatingSummary
from registry.services.hub.cards import tags_of
from registry.services.hub.tree import Entry, RepositoryFile, RepositoryTree

_MOST_SIBLINGS = 50_000
"""Beyond that, clients ask for the tree."""
_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a package besides its record; `card` is None where it was not or could not be read.

    `downloads` are those of all versions of its name.
    """

    downloads: int
    private: bool
    card: Mapping[str, Any] | None = None
    rating: RatingSummary | None = None
    tree: RepositoryTree | None = None
    parameters: Mapping[str, int] | None = None


def info(package: Package, about: About, *, expand: Sequence[str] = (), blobs: bool = False) -> Json:
    """The members of a repository at a revision; with `expand` only its id and the members that it names."""
    members = _members(package, about, expand=expand, blobs=blobs)
    if expand:
        chosen = {"_id", "id", "registry", *expand}
        return {name: value for name, value in members.items() if name in chosen}
    return members


def _members(package: Package, about: About, *, expand: Sequence[str], blobs: bool) -> Json:
    card = about.card or {}
    members: Json = {
        "_id": package.id,
        "id": package.name,
        "author": namespace_of(package.name),
        "sha": commit_of(package),
        "private": about.private,
        "gated": False,
        "disabled": False,
        "downloads": about.downloads,
        "likes": 0,
        "description": package.description,
        "tags": tags_of(package, card),
        "pipeline_tag": card.get("pipeline_tag"),
        "library_name": card.get("library_name"),
        "createdAt": format_time(package.created_at),
        "lastModified": format_time(package.updated_at),
        "cardData": None if about.card is None else _card(package, card),
        "registry": _registry(package, about.rating),
    }
    if about.parameters:
        members["safetensors"] = {"parameters": dict(about.parameters), "total": sum(about.parameters.values())}
    if about.tree is not None:
        members["usedStorage"] = about.tree.size
        if about.tree.count <= _MOST_SIBLINGS and (not expand or "siblings" in expand):
            members["siblings"] = [_sibling(file, blobs=blobs) for file in about.tree.files()]
    return {name: value for name, value in members.items() if value is not None}


def _card(package: Package, card: Mapping[str, Any]) -> Json:
    """The card's own words; the record's license where it states none."""
    return {**({"license": package.license.lower()} if package.license else {}), **card}


def _registry(package: Package, rating: RatingSummary | None) -> Json:
    """What this registry knows and the Hub does not."""
    summary = orjson.loads(rating.summary) if rating else {}
    return {
        "package_id": package.id,
        "version": str(package.version),
        "status": package.status.value,
        "net_score": summary.get("net_score"),
        "range": summary.get("net_score_range"),
        "safety": summary.get("safety"),
    }


def _sibling(file: RepositoryFile, *, blobs: bool) -> Json:
    if not blobs:
        return {"rfilename": file.path}
    return {"rfilename": file.path, "size": file.size, "blobId": blob_id(file), "lfs": _lfs(file, "sha256")}


def tree_entry(entry: Entry, commit: str, expanded: Json | None = None) -> Json:
    """A file or folder of a tree. Every file has an `lfs`, so that clients compare SHA-256 and no other digest."""
    if entry.file is None:
        oid = hashlib.sha1(f"{commit}/{entry.path}".encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        members: Json = {"type": "directory", "oid": oid, "size": 0, "path": entry.path}
    else:
        file = entry.file
        members = {"type": "file", "oid": blob_id(file), "size": file.size, "path": file.path, "lfs": _lfs(file, "oid")}
    return members | (expanded or {})


def _lfs(file: RepositoryFile, digest: str) -> Json:
    return {digest: file.sha256, "size": file.size, "pointerSize": len(_pointer(file))}


def _pointer(file: RepositoryFile) -> bytes:
    return _POINTER.format(sha256=file.sha256, size=file.size).encode()


def blob_id(file: RepositoryFile) -> str:
    """The id of the git blob that a repository with large file storage has for the file."""
    pointer = _pointer(file)
    return hashlib.sha1(b"blob %d\0" % len(pointer) + pointer, usedforsecurity=False).hexdigest()


def commit(package: Package) -> Json:
    """An item of the list of commits: each version is one."""
    title = str(package.version)
    return {
        "id": commit_of(package),
        "title": title,
        "message": package.description,
        "date": format_time(package.created_at),
        "authors": [{"user": package.created_by}],
    }


def last_commit(package: Package) -> Json:
    """The commit in the entries of an expanded tree: versions do not share files, so it is the same for all."""
    return {"id": commit_of(package), "title": str(package.version), "date": format_time(package.created_at)}


def refs(main: str | None, aliases: Mapping[str, str], by_version: Mapping[str, str]) -> Json:
    """`main` and the aliases are branches, versions are tags; what leads to nothing that is offered is left out."""
    branches = {MAIN: main} | {alias: by_version.get(version) for alias, version in aliases.items()}
    return {
        "branches": [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": target}
            for name, target in branches.items()
            if target is not None
        ],
        "tags": [
            {"name": version, "ref": f"refs/tags/{version}", "targetCommit": target}
            for version, target in by_version.items()
        ],
        "converts": [],
        "pullRequests": [],
    }
