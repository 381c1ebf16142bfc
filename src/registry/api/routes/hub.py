"""What Hugging Face clients read of a repository: its revisions, commits, refs, and what is in its files' tree."""

import asyncio
from functools import partial
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.api.authentication import Downloader, Searcher, Uploader
from registry.api.documentation import LINK, header, problems
from registry.api.forms import FORM, read_pairs
from registry.api.hub import documents
from registry.api.hub.paging import next_link
from registry.api.hub.paths import Folder, Kind, Repository, RevisionName
from registry.api.hub.refusals import warning
from registry.api.hub.security import repository_status, statuses_by_path
from registry.api.paging import position
from registry.api.state import state_of
from registry.domain.accounts import Caller
from registry.domain.names import Visibility
from registry.domain.packages import PackageType
from registry.domain.repositories import MAIN, commit_of, main_of
from registry.services.hub.files import no_file
from registry.services.hub.repositories import Revision
from registry.services.hub.tree import Entry

_MOST_PATHS = 10_000
_PAGE = 1_000
_MANY_FILES = 1_000
"""A document with more files is made in a thread: 20,000 take 0.1 to 0.2 s."""
_ARRAY: dict[str, Any] = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
_OBJECT: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
_WARNING = {"X-HF-Warning": header("of a deprecated package; clients show it", "registry-1; … is deprecated.")}


class InfoQuery(BaseModel):
    """What the document of a repository is to hold."""

    expand: Annotated[list[str], Field(max_length=100, description="only these members, and the id")] = []
    blobs: Annotated[bool, Field(description="with size and digest of each file")] = False
    security_status: Annotated[bool, Field(alias="securityStatus", description="with the verdict")] = False


class TreeQuery(BaseModel):
    """What a tree is to list."""

    recursive: Annotated[bool, Field(description="with all that is in its folders")] = False
    expand: Annotated[bool, Field(description="with the commit and the verdict of each file")] = False
    limit: Annotated[int, Field(ge=1, le=_PAGE)] = _PAGE
    cursor: Annotated[str | None, Field(max_length=2048, description="from the Link of the page before")] = None


def hub_routes() -> APIRouter:
    """The routes below `/hf/api/{kind}`. The longer paths come first: a repository may have a slash."""
    router = APIRouter(prefix="/hf/api/{kind:kind}/{repo:repository}", tags=["hub"])

    def add(path: str, endpoint: Any, content: Any, *, method: str = "GET", **extra: Any) -> None:
        statuses = (401, 403, 404, 422) if method == "GET" else (400, 401, 403, 404, 413, 415, 422)
        answers: dict[int | str, dict[str, Any]] = {
            200: {"description": "OK", "content": content, "headers": _WARNING | extra.pop("headers", {})}
        }
        router.add_api_route(
            path, endpoint, methods=[method], response_class=Response, responses=answers | problems(*statuses), **extra
        )

    add("/revision/{revision}", read_hub_revision, _OBJECT)
    add("/tree/{revision}/{folder:path}", list_hub_folder, _ARRAY, headers=LINK)
    add("/tree/{revision}", list_hub_tree, _ARRAY, headers=LINK)
    paths: dict[str, Any] = {"type": "object", "properties": {"paths": {"type": "array", "items": {"type": "string"}}}}
    body = {"requestBody": {"content": {FORM: {"schema": paths, "example": {"paths": ["config.json"]}}}}}
    add("/paths-info/{revision}", list_hub_paths, _ARRAY, method="POST", openapi_extra=body)
    add("/commits/{revision}", list_hub_commits, _ARRAY)
    add("/refs", list_hub_refs, _OBJECT)
    add("/auth-check/write", check_hub_writing, _OBJECT)
    add("/auth-check", check_hub_access, _OBJECT)
    add("", read_hub_repository, _OBJECT)
    return router


def warn(request: Request, revision: Revision) -> None:
    """Have the answer carry what clients should show to their users."""
    for text in revision.warnings:
        request.scope["added_headers"].append((b"x-hf-warning", warning(text).encode()))


def _json(value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), headers=headers, media_type="application/json")


async def read_hub_repository(
    request: Request, kind: Kind, repo: Repository, query: Annotated[InfoQuery, Query()], caller: Searcher
) -> Response:
    """Read a repository at `main`, with the names of its files."""
    return await _info(request, kind, repo, MAIN, caller, query)


async def read_hub_revision(
    request: Request,
    kind: Kind,
    repo: Repository,
    revision: RevisionName,
    query: Annotated[InfoQuery, Query()],
    caller: Searcher,
) -> Response:
    """Read a repository at a revision, with the names of its files."""
    return await _info(request, kind, repo, revision, caller, query)


async def _info(
    request: Request, kind: PackageType, repo: str, name: str, caller: Caller, query: InfoQuery
) -> Response:
    services = state_of(request.scope).services
    hub = services.hub
    revision = await _open(request, kind, repo, name, caller)
    tree = await hub.files.tree(revision)
    view = await hub.repositories.view_of(revision, caller)
    about = documents.About(
        downloads=view.downloads,
        private=view.name.visibility is Visibility.PRIVATE,
        card=await hub.cards.read(revision.package),
        rating=await revision.find_rating(),
        tree=tree,
        parameters=await hub.weights.parameters(revision, tree) if kind is PackageType.MODEL else None,
    )
    make = partial(documents.info, revision.package, about, expand=query.expand, blobs=query.blobs)
    members = await asyncio.to_thread(make) if tree.count > _MANY_FILES else make()
    if query.security_status:
        members["securityRepoStatus"] = repository_status(await services.verdicts.get(revision.package.id, caller))
    return _json(members)


async def list_hub_tree(
    request: Request,
    kind: Kind,
    repo: Repository,
    revision: RevisionName,
    query: Annotated[TreeQuery, Query()],
    caller: Searcher,
) -> Response:
    """List the files and folders of a revision."""
    return await _tree(request, await _open(request, kind, repo, revision, caller), "", caller, query)


async def list_hub_folder(
    request: Request,
    kind: Kind,
    repo: Repository,
    revision: RevisionName,
    folder: Folder,
    query: Annotated[TreeQuery, Query()],
    caller: Searcher,
) -> Response:
    """List what is in a folder of a revision. One that is not there is 404 with the code `EntryNotFound`."""
    found = await _open(request, kind, repo, revision, caller)
    return await _tree(request, found, folder.strip("/"), caller, query)


async def _open(request: Request, kind: PackageType, repo: str, name: str, caller: Caller) -> Revision:
    revision = await state_of(request.scope).services.hub.repositories.open(kind, repo, name, caller)
    warn(request, revision)
    return revision


async def _tree(request: Request, revision: Revision, folder: str, caller: Caller, query: TreeQuery) -> Response:
    services = state_of(request.scope).services
    after = position(request, services.cursors, query.cursor)
    tree = await services.hub.files.tree(revision)
    found = list(islice(tree.entries(folder, recursive=query.recursive, after=after), query.limit + 1))
    if not found and folder and after is None:
        raise no_file(revision, folder)
    headers = {"X-Repo-Commit": revision.commit}
    page = found[: query.limit]
    if len(found) > query.limit:
        headers["Link"] = next_link(request, services.cursors, page[-1].key)
    return _json(await _entries(request, revision, page, caller, expand=query.expand), headers)


async def _entries(
    request: Request, revision: Revision, entries: list[Entry], caller: Caller, *, expand: bool
) -> list[documents.Json]:
    if not expand:
        return [documents.tree_entry(entry, revision.commit) for entry in entries]
    verdict = await state_of(request.scope).services.verdicts.get(revision.package.id, caller)
    status_of = statuses_by_path(verdict)
    last = {"lastCommit": documents.last_commit(revision.package)}
    return [
        documents.tree_entry(
            entry,
            revision.commit,
            last
            if entry.file is None or entry.file.stored is None
            else last | {"securityFileStatus": status_of(entry.file.stored.path)},
        )
        for entry in entries
    ]


async def list_hub_paths(
    request: Request, kind: Kind, repo: Repository, revision: RevisionName, caller: Searcher
) -> Response:
    """Read some files and folders of a revision. Paths that are not there are left out."""
    found = await _open(request, kind, repo, revision, caller)
    limit = state_of(request.scope).limits.max_json_bytes
    sent = await read_pairs(request, max_bytes=limit, max_fields=_MOST_PATHS)
    wanted = {value.strip("/") for name, value in sent if name == "paths"}
    expand = any(name == "expand" and value.lower() == "true" for name, value in sent)
    tree = await state_of(request.scope).services.hub.files.tree(found)
    entries = [entry for path in sorted(wanted) if (entry := tree.find_entry(path)) is not None]
    return _json(await _entries(request, found, entries, caller, expand=expand))


async def list_hub_commits(
    request: Request, kind: Kind, repo: Repository, revision: RevisionName, caller: Searcher
) -> Response:
    """List a revision and the versions that were published before it as commits, newest first."""
    found = await _open(request, kind, repo, revision, caller)
    repository = await state_of(request.scope).services.hub.repositories.describe(kind, repo, caller)
    before = [package for package in repository.packages if package.id < found.package.id]
    before.sort(key=lambda package: package.id, reverse=True)
    return _json([documents.commit(package) for package in [found.package, *before]])


async def list_hub_refs(request: Request, kind: Kind, repo: Repository, caller: Searcher) -> Response:
    """List the branches (`main` and aliases) and tags (versions) of a repository."""
    repository = await state_of(request.scope).services.hub.repositories.describe(kind, repo, caller)
    main = main_of(repository.view.versions)
    of_main = next((package for package in repository.packages if main and package.id == main.id), None)
    by_version = {str(package.version): commit_of(package) for package in repository.packages}
    return _json(documents.refs(commit_of(of_main) if of_main else None, repository.view.name.aliases, by_version))


async def check_hub_access(request: Request, kind: Kind, repo: Repository, caller: Downloader) -> Response:
    """Whether the caller may download from the repository."""
    await _open(request, kind, repo, MAIN, caller)
    return _json({})


async def check_hub_writing(request: Request, kind: Kind, repo: Repository, caller: Uploader) -> Response:
    """Whether the caller may publish versions of the repository."""
    await state_of(request.scope).services.hub.repositories.check_owner(kind, repo, caller)
    return _json({})
