"""The files of a package: the tree of them, and a preview of each one."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, ApiResponse, CallFailed
from registry.web.markdown import render_readme
from registry.web.pages.packages import package_page, read_package
from registry.web.pictures import MAX_PICTURE_BYTES, find_picture
from registry.web.previews import Preview, needed_bytes, preview
from registry.web.routing import page_route

_FILES = 200
_OK = 200
_PARTIAL = 206
_CELL_TEXT = 64 * 1024
_PICTURE_HEADERS = {
    # The bytes are a picture by their own signature, and are shown as nothing else.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Vary": "Cookie",
}


def routes() -> list[Route]:
    return [
        page_route("/ui/package/{id}/files", show_files),
        page_route("/ui/package/{id}/file/{path:path}", show_file),
        page_route("/ui/package/{id}/picture/{path:path}", show_picture),
    ]


async def show_files(request: Request, api: Api) -> Response:
    query = {
        "limit": _FILES,
        "cursor": request.query_params.get("cursor"),
        "prefix": request.query_params.get("prefix"),
    }
    package = await read_package(request, api)
    response = await api.get(f"/package/{package['id']}/files", **query)
    files = response.body["items"] if response.status == _OK else []
    return package_page(
        request,
        package,
        "files.html",
        "files",
        response=response,
        rows=tree_rows(files),
        parts=sorted({file["part"] for file in files if file["part"]}),
        prefix=query["prefix"] or "",
    )


def tree_rows(files: list[dict[str, Any]]) -> list[tuple[int, str, str, dict[str, Any] | None]]:
    """Files in order of their paths as lines of a tree: depth, name, path, and the file (None: a folder)."""
    rows: list[tuple[int, str, str, dict[str, Any] | None]] = []
    shown: list[str] = []
    for file in files:
        *folders, name = file["path"].split("/")
        same = 0
        while same < min(len(shown), len(folders)) and shown[same] == folders[same]:
            same += 1
        rows += [
            (depth, folders[depth] + "/", "/".join(folders[: depth + 1]) + "/", None)
            for depth in range(same, len(folders))
        ]
        shown = folders
        rows.append((len(folders), name, file["path"], file))
    return rows


async def show_file(request: Request, api: Api) -> Response:
    """One file: what it is, its beginning, and its download."""
    package = await read_package(request, api)
    file = await _find(request, api)
    begin = await _first_bytes(api, request.path_params["id"], file, needed_bytes(file["path"]))
    shown = await asyncio.to_thread(preview, file["path"], begin, file["size"])
    return package_page(
        request, package, "file.html", "files", file=file, shown=shown, html=await asyncio.to_thread(_markdown, shown)
    )


def _markdown(shown: Preview) -> list[str | None]:
    """Safe HTML of a Markdown file, or of each cell of a notebook that is Markdown (None for the others)."""
    if shown.kind == "markdown":
        return [render_readme(shown.text)]
    left = _CELL_TEXT
    rendered: list[str | None] = []
    for cell in shown.cells:
        is_text = cell.kind == "markdown" and len(cell.source) <= left
        left -= len(cell.source) if is_text else 0
        rendered.append(render_readme(cell.source) if is_text else None)
    return rendered


async def show_picture(request: Request, api: Api) -> Response:
    """The bytes of a picture, once they prove to be one: the media type is that of the bytes, not of the name."""
    file = await _find(request, api)
    if file["size"] > MAX_PICTURE_BYTES:
        raise _no_picture("The file is too large to be shown.")
    data = await _first_bytes(api, request.path_params["id"], file, MAX_PICTURE_BYTES)
    picture = find_picture(data)
    if picture is None:
        raise _no_picture("The file is no picture that browsers are shown.")
    return Response(data, media_type=picture.media_type, headers=_PICTURE_HEADERS)


def _no_picture(detail: str) -> CallFailed:
    return CallFailed(ApiResponse.problem(415, "No picture", detail))


async def _find(request: Request, api: Api) -> dict[str, Any]:
    """The file that the address names. Raises CallFailed."""
    package_id, path = request.path_params["id"], request.path_params["path"]
    # In the order of paths a path comes before all that it is the beginning of.
    response = await api.get(f"/package/{package_id}/files", prefix=path, limit=1, wait=5)
    if response.status != _OK:
        raise CallFailed(response)
    items: list[dict[str, Any]] = response.body["items"]
    if not items or items[0]["path"] != path:
        raise CallFailed(ApiResponse.problem(404, "No such file", f"The package has no file {path}."))
    return items[0]


async def _first_bytes(api: Api, package_id: str, file: dict[str, Any], limit: int) -> bytes:
    """The file's first bytes, `limit` at most. Raises CallFailed."""
    if file["size"] == 0:
        return b""
    headers = {"Range": f"bytes=0-{limit - 1}"}
    path = f"/package/{package_id}/files/{file['path']}"
    response = await api.call("GET", path, query={"redirect": "false"}, headers=headers)
    if response.status != _PARTIAL:
        raise CallFailed(response)
    return response.content
