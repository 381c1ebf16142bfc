"""The files of a package: the list of them, and each one by its path."""

import mimetypes
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response
from starlette.types import Scope

from registry.api.authentication import Downloader, Searcher
from registry.api.conditional import content_tag
from registry.api.digests import repr_digest
from registry.api.documentation import LINK, header, problems
from registry.api.models.files import FileModel, FilesQueuedModel
from registry.api.models.packages import Page
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.paging import Cursor, Limit, page_response, position
from registry.api.ranged import (
    BYTES_HEADERS,
    bytes_answers,
    ranged_response,
    redirect_response,
    unchanged_response,
)
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.waiting import Wait, queued_answer, queued_response, wait_seconds
from registry.api.waivers import show_waivers
from registry.domain.accounts import Caller
from registry.domain.errors import NotFound
from registry.formats.archives.roles import Role
from registry.formats.manifests.entries import FileEntry, Manifest
from registry.formats.manifests.paths import exact_text, listed_path
from registry.services.files.files import PackageFiles
from registry.services.files.manifests import RETRY_AFTER_SECONDS
from registry.services.packages.retrieval import Servable

_ZIP = "application/zip"
_UNKNOWN = "application/octet-stream"
FilePath = Annotated[
    str, Path(description="as `files` lists it", min_length=1, max_length=4096, examples=["config.json"])
]
Prefix = Annotated[str, Query(max_length=4096, description="only paths that begin with this; no pattern")]
_QUEUED = queued_answer("the list of files is being made", FilesQueuedModel, "files", what="list")


async def list_files(
    request: Request,
    package_id: PackageId,
    caller: Searcher,
    prefix: Prefix = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    wait: Wait = 0,
) -> Response:
    """List the files in the package's content in the order of their paths (by code point).

    A content that is no archive is a single file. While the list is being made the answer is 202; `wait` holds the
    request until it is there.
    """
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    seconds = wait_seconds(request)

    async def answer(servable: Servable) -> Manifest | None:
        package = servable.package
        return await services.files.find_manifest(servable.content, user=package.created_by, wait_seconds=seconds)

    manifest = await services.retrieval.serve(package_id, caller, answer, in_files=True)
    if manifest is None:
        return queued_response(package_id, "files", retry_after_seconds=RETRY_AFTER_SECONDS)
    found, next_after = manifest.list_page(prefix=prefix, after=after, limit=limit)
    return page_response(request, services.cursors, [orjson.dumps(_item(entry)) for entry in found], next_after)


def _item(entry: FileEntry) -> dict[str, object]:
    return {
        "path": entry.path,
        "size": entry.size,
        "sha256": entry.sha256,
        "part": entry.part,
        "compressed_size": entry.compressed_size,
    }


async def download_file(
    request: Request,
    package_id: PackageId,
    path: FilePath,
    caller: Downloader,
    *,
    redirect: bool = True,
) -> Response:
    """Download one file of the package; single ranges are answered by 206. Answers carry its digest as Repr-Digest.

    Where the store can serve clients itself, a large file is answered by 307, as the content is; `redirect=false`
    streams.
    """
    services = state_of(request.scope).services

    async def answer(servable: Servable) -> Response:
        manifest = await _manifest(services.files, servable)
        entry = manifest.find(path)
        if entry is None and "\ufffd" in path:
            entry = manifest.find(_listed(request.scope, package_id))
        if entry is None:
            raise NotFound("There is no file with this path in the package. GET /package/{id}/files lists them.")
        return await _file_response(request, servable, manifest, entry, caller, redirect=redirect)

    return await services.retrieval.serve(package_id, caller, answer, in_files=True)


def _listed(scope: Scope, package_id: str) -> str:
    """How a path is listed whose bytes stand in the URL and are not UTF-8."""
    raw: bytes = scope.get("raw_path", b"")
    return listed_path(exact_text(unquote_to_bytes(raw.partition(f"/{package_id}/files/".encode())[2])))


async def _manifest(files: PackageFiles, servable: Servable) -> Manifest:
    package = servable.package
    return await files.manifest(servable.content, user=package.created_by)


async def _file_response(
    request: Request,
    servable: Servable,
    manifest: Manifest,
    entry: FileEntry,
    caller: Caller,
    *,
    redirect: bool,
) -> Response:
    show_waivers(request, servable.waivers)
    tag, digest = content_tag(entry.sha256), {"Repr-Digest": repr_digest(entry.sha256)}
    if unchanged := unchanged_response(request, tag, digest):
        return unchanged
    services, content = state_of(request.scope).services, servable.content
    filename, media_type = PurePosixPath(entry.path).name, mimetypes.guess_type(entry.path)[0] or _UNKNOWN
    # A URL is signed for GET alone.
    if redirect and not request.scope.get("head", False):
        url = await services.files.presign(content, manifest, entry, filename=filename, media_type=media_type)
        if url is not None:
            services.retrieval.record_download(servable, caller, whole=False)
            return redirect_response(url, tag, digest)
    return await ranged_response(
        request,
        lambda offset, length: services.files.open(content, manifest, entry, offset=offset, length=length),
        size=entry.size,
        tag=tag,
        filename=filename,
        media_type=media_type,
        headers=digest,
        began=lambda _: services.retrieval.record_download(servable, caller, whole=False),
    )


async def part_response(request: Request, servable: Servable, role: Role, caller: Caller) -> Response:
    """All files of a part as a zip, or what the request's headers ask of it. Raises NotFound, ArchiveUnreadable."""
    services = state_of(request.scope).services
    manifest = await _manifest(services.files, servable)
    zipped = await services.files.part(manifest, role)
    tag = content_tag(zipped.tag)
    return unchanged_response(request, tag, {}) or await ranged_response(
        request,
        lambda offset, length: services.files.open_part(
            servable.content, manifest, zipped, offset=offset, length=length
        ),
        size=zipped.size,
        tag=tag,
        filename=f"{PurePosixPath(servable.content.filename).stem}-{role.value}.zip",
        media_type=_ZIP,
        headers={},
        began=lambda _: services.retrieval.record_download(servable, caller, whole=False),
    )


def file_routes() -> APIRouter:
    router = APIRouter(tags=["packages"])
    router.add_api_route(
        "/package/{package_id}/files",
        list_files,
        methods=["GET"],
        response_model=Page[FileModel],
        responses={200: {"headers": LINK}, 202: _QUEUED, **problems(401, 403, 404, 409, 422)},
    )
    headers = BYTES_HEADERS | {"Repr-Digest": header("RFC 9530", "sha-256=:n4bQ…:")}
    router.add_api_route(
        "/package/{package_id}/files/{path:path}",
        download_file,
        methods=["GET"],
        response_class=Response,
        responses={
            **bytes_answers(headers),
            **problems(401, 403, 404, 409, 412, 416, 422),
        },
    )
    return router
