"""The bytes of a repository's files, as Hugging Face clients ask for them: HEAD for the metadata, then GET."""

import mimetypes
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import Downloader, authenticate, client_network
from registry.api.conditional import content_tag
from registry.api.documentation import header, problems
from registry.api.hot import Answer, HotRoute, hot_route
from registry.api.hub.paths import Repository, RevisionName
from registry.api.ranged import (
    BYTES_HEADERS,
    bytes_answers,
    ranged_response,
    redirect_response,
    unchanged_response,
)
from registry.api.routes.hub import warn
from registry.api.state import state_of
from registry.domain.accounts import Caller, Permission
from registry.domain.errors import FileNotFound, NotFound, RevisionNotFound
from registry.domain.packages import PackageType
from registry.services.hub.files import no_file
from registry.services.hub.repositories import Revision

_UNKNOWN = "application/octet-stream"
FilePath = Annotated[str, Path(examples=["config.json"])]


async def resolve_model_file(repo: Repository, revision: RevisionName, path: FilePath, caller: Downloader) -> None:
    """Download a file of a model at a revision.

    HEAD answers with size, digest and commit. Ranges are answered by 206; where the store can serve clients itself, GET
    is answered by 307 to a signed URL.
    """


async def resolve_dataset_file(repo: Repository, revision: RevisionName, path: FilePath, caller: Downloader) -> None:
    """Download a file of a dataset at a revision; as for models."""


def _resolve(kind: PackageType) -> Answer:
    async def answer(request: Request) -> Response:
        caller = await authenticate(request.scope, Permission.DOWNLOAD)
        repositories = state_of(request.scope).services.hub.repositories
        repo, name, path = (unquote(request.path_params[each]) for each in ("repo", "revision", "path"))
        revision = await repositories.open(kind, repo, name, caller)
        while True:
            try:
                return await _file_response(request, revision, path, caller)
            except (FileNotFound, RevisionNotFound):
                raise
            except NotFound:
                # A replaced content's bytes may be removed after its record was read: the new one is asked for.
                before, revision = revision, await repositories.open(kind, repo, name, caller)
                if revision.content.blob_key == before.content.blob_key:
                    raise

    return answer


async def _file_response(request: Request, revision: Revision, path: str, caller: Caller) -> Response:
    hub = state_of(request.scope).services.hub
    tree = await hub.files.tree(revision)
    file = tree.find(path)
    if file is None:
        raise no_file(revision, path)
    tag = content_tag(file.sha256)
    headers = {"X-Repo-Commit": revision.commit, "X-Linked-Etag": tag, "X-Linked-Size": str(file.size)}
    if unchanged := unchanged_response(request, tag, headers):
        return unchanged
    is_head = request.scope.get("head", False)
    filename, media_type = PurePosixPath(file.path).name, mimetypes.guess_type(file.path)[0] or _UNKNOWN
    if is_head:
        warn(request, revision)
    else:
        state_of(request.scope).services.retrieval.downloads.check_room()
        url = await hub.files.presign(revision, tree, file, filename=filename, media_type=media_type)
        if url is not None:
            await _record(request, revision, caller)
            return redirect_response(url, tag, headers)
    response = await ranged_response(
        request,
        lambda offset, length: hub.files.read(revision, tree, file, offset=offset, length=length),
        size=file.size,
        tag=tag,
        filename=filename,
        media_type=media_type,
        headers=headers,
        began=lambda _: None,
    )
    if not is_head and response.status_code in (200, 206):
        await _record(request, revision, caller)
    return response


async def _record(request: Request, revision: Revision, caller: Caller) -> None:
    snapshots = state_of(request.scope).services.hub.snapshots
    await snapshots.record(revision, caller, address=client_network(request.scope))


def hot_routes() -> list[HotRoute]:
    """Datasets come first: their paths would be those of models, too."""
    headers = BYTES_HEADERS | {
        "X-Repo-Commit": header("the revision's commit", "01934d2e8a5c7c3e9f5a3b1c2d4e5f609f86d081"),
        "X-Linked-Etag": header("the ETag", '"9f86d0…"'),
        "X-Linked-Size": header("the file's size in bytes", "570"),
    }
    answers = {
        **bytes_answers(headers),
        **problems(401, 403, 404, 412, 416, 422),
    }
    return [
        hot_route(
            f"/hf{begin}/{{repo:repository}}/resolve/{{revision}}/{{path:path}}",
            _resolve(kind),
            documented=documented,
            tags=["hub"],
            response_class=Response,
            responses=answers,
        )
        for begin, kind, documented in (
            ("/datasets", PackageType.DATASET, resolve_dataset_file),
            ("", PackageType.MODEL, resolve_model_file),
        )
    ]
