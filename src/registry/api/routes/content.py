"""The bytes of a package: all of them, some of its files as a zip, or a single file."""

import mimetypes
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.api.authentication import Downloader, authenticate
from registry.api.caching import NO_STORE
from registry.api.conditional import content_tag
from registry.api.digests import repr_digest
from registry.api.documentation import LINK, header, problems
from registry.api.hot import HotRoute, hot_route
from registry.api.models.packages import FileModel, Page
from registry.api.paging import DEFAULT_LIMIT, Cursor, Limit, page_response, position
from registry.api.ranged import BYTES_HEADERS, bytes_answers, ranged_response, unchanged_response
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.domain.accounts import Caller, Permission
from registry.domain.errors import InvalidInput
from registry.formats.archives.roles import Role, role_of
from registry.services.files.parts import SubPart
from registry.services.files.zip_directory import ZipEntry
from registry.services.packages.retrieval import Retrieval, Servable

# As FastAPI reads them on other routes.
_BOOLEANS = dict.fromkeys(("true", "1", "yes", "on", "t", "y"), True) | dict.fromkeys(
    ("false", "0", "no", "off", "f", "n"), False
)
_ZIP = "application/zip"
_PART = Query(description="only the files that count as this, as a zip; docs/sub-parts.md tells which do")
FilePath = Annotated[
    str, Path(description="as `files` lists it", min_length=1, max_length=512, examples=["config.json"])
]


async def download_content(
    package_id: PackageId, caller: Downloader, *, redirect: bool = True, part: Annotated[Role | None, _PART] = None
) -> None:
    """Download the content.

    Single ranges are answered by 206. Where the store can serve clients itself the answer is 307 to a signed URL that
    lives for minutes; `redirect=false` streams through the service. Answers carry the digest as Repr-Digest.
    With `part` the answer is a zip of some of the files in the package's zip, copied as they are compressed.
    """


async def _download(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.DOWNLOAD)
    retrieval = state_of(scope).services.retrieval

    async def answer(servable: Servable) -> Response:
        return await _content_response(request, retrieval, servable, caller)

    return await retrieval.serve(request.path_params["package_id"], caller, answer)


async def _content_response(request: Request, retrieval: Retrieval, servable: Servable, caller: Caller) -> Response:
    if (named := request.query_params.get("part")) is not None:
        return await _download_part(request, servable, _role(named), caller)
    content = servable.content
    tag, digest = content_tag(content.sha256), {"Repr-Digest": repr_digest(content.sha256)}
    if unchanged := unchanged_response(request, tag, digest):
        return unchanged
    # A URL is signed for GET alone: who asks for the head of a download is answered here, from the record.
    wants_redirect = _boolean(request.query_params.get("redirect", "true")) and not request.scope.get("head", False)
    if wants_redirect and (url := await retrieval.presign(content)):
        retrieval.record_download(servable, caller, whole=True)
        headers = {"ETag": tag, "Accept-Ranges": "bytes", **digest, **NO_STORE}
        return RedirectResponse(url, 307, headers)
    return await ranged_response(
        request,
        lambda offset, length: retrieval.read(content, offset=offset, length=length),
        size=content.size,
        tag=tag,
        filename=content.filename,
        media_type=content.media_type,
        headers=digest,
        began=lambda whole: retrieval.record_download(servable, caller, whole=whole),
    )


async def _download_part(request: Request, servable: Servable, role: Role, caller: Caller) -> Response:
    found = await state_of(request.scope).services.subparts.find_part(servable.content, role)
    name = f"{PurePosixPath(servable.content.filename).stem}-{role.value}.zip"
    began = _recorder(request, servable, caller)
    return await _sub_part_response(request, found, filename=name, media_type=_ZIP, began=began)


def _recorder(request: Request, servable: Servable, caller: Caller) -> Callable[[bool], None]:
    retrieval = state_of(request.scope).services.retrieval
    return lambda _: retrieval.record_download(servable, caller, whole=False)


async def _sub_part_response(
    request: Request, found: SubPart, *, filename: str, media_type: str, began: Callable[[bool], None]
) -> Response:
    tag = content_tag(found.tag)
    return unchanged_response(request, tag, {}) or await ranged_response(
        request,
        found.open,
        size=found.size,
        tag=tag,
        filename=filename,
        media_type=media_type,
        headers={},
        began=began,
    )


async def list_files(
    request: Request, package_id: PackageId, caller: Downloader, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List the files in the package's zip, in the zip's order, each with what it counts as."""
    services = state_of(request.scope).services
    after = int(position(request, services.cursors, cursor) or 0)

    async def answer(servable: Servable) -> tuple[list[ZipEntry], int | None]:
        return await services.subparts.list_files(servable.content, limit=limit, after=after)

    found, behind = await services.retrieval.serve(package_id, caller, answer, in_files=True)
    items = [orjson.dumps(_file(entry)) for entry in found]
    return page_response(request, services.cursors, items, None if behind is None else str(behind))


def _file(entry: ZipEntry) -> dict[str, object]:
    role = role_of(entry.path)
    return {
        "path": entry.path,
        "size": entry.size,
        "compressed_size": entry.compressed_size,
        "crc32": f"{entry.crc:08x}",
        "part": role.value if role else None,
    }


async def download_file(request: Request, package_id: PackageId, path: FilePath, caller: Downloader) -> Response:
    """Download one file out of the package's zip, decompressed on its way; ranges are answered by 206."""
    services = state_of(request.scope).services
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"

    async def answer(servable: Servable) -> Response:
        found = await services.subparts.find_file(servable.content, path)
        name, began = PurePosixPath(path).name, _recorder(request, servable, caller)
        return await _sub_part_response(request, found, filename=name, media_type=media_type, began=began)

    return await services.retrieval.serve(package_id, caller, answer, in_files=True)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidInput(f"one of {', '.join(Role)}", pointer="/part") from None


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise InvalidInput("true or false", pointer="/redirect")
    return _BOOLEANS[text.lower()]


def hot_routes() -> list[HotRoute]:
    headers = BYTES_HEADERS | {"Repr-Digest": header("RFC 9530; not with `part`", "sha-256=:n4bQ…:")}
    return [
        hot_route(
            "/package/{package_id}/content",
            _download,
            documented=download_content,
            tags=["packages"],
            response_class=Response,
            responses={
                **bytes_answers(headers),
                307: {
                    "description": "to a signed URL",
                    "headers": {"Location": header("lives for minutes", "https://…")},
                },
                **problems(401, 403, 404, 409, 412, 416, 422),
            },
        )
    ]


def file_routes() -> APIRouter:
    router = APIRouter(tags=["packages"])
    router.add_api_route(
        "/package/{package_id}/files",
        list_files,
        methods=["GET"],
        response_model=Page[FileModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 404, 409, 422)},
    )
    router.add_api_route(
        "/package/{package_id}/files/{path:path}",
        download_file,
        methods=["GET"],
        response_class=Response,
        responses={**bytes_answers(BYTES_HEADERS), **problems(401, 403, 404, 409, 412, 416, 422)},
    )
    return router
