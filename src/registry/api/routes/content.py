"""The bytes of a package."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry.api.authentication import Downloader, authenticate
from registry.api.conditional import content_tag, is_unchanged
from registry.api.digests import repr_digest
from registry.api.documentation import header, problems
from registry.api.hot import HotRoute, hot_route
from registry.api.problems import HTTP_PROBLEMS, problem_response
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.streaming import (
    BlobResponse,
    ByteRange,
    RangeNotSatisfiable,
    content_disposition,
    requested_range,
)
from registry.domain.accounts import Permission
from registry.domain.errors import InvalidInput
from registry.domain.packages import Content

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


async def download_content(package_id: PackageId, caller: Downloader, *, redirect: bool = True) -> None:
    """Download the content.

    Single ranges are answered by 206. Where the store can serve clients itself the answer is 307 to a signed URL that
    lives for minutes; `redirect=false` streams through the service. Answers carry the digest as Repr-Digest.
    """


async def _download(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.DOWNLOAD)
    retrieval = state_of(scope).services.retrieval
    servable = await retrieval.find_content(request.path_params["package_id"], caller)
    content = servable.content
    tag = content_tag(content.sha256)
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Repr-Digest": repr_digest(content.sha256)}
    if is_unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    wants_redirect = _boolean(request.query_params.get("redirect", "true"))
    if wants_redirect and (url := await retrieval.presign(content)):
        retrieval.record_download(servable, caller)
        return RedirectResponse(url, 307, headers | {"Cache-Control": "no-store"})
    is_head = scope.get("head", False)
    try:
        # Ranges are defined for GET alone (RFC 9110, section 14.2).
        wanted = None if is_head else _range(request, content, tag)
    except RangeNotSatisfiable:
        refusal = {"Content-Range": f"bytes */{content.size}", "Accept-Ranges": "bytes"}
        detail = f"The content has {content.size} bytes; ask for a range inside."
        return problem_response(HTTP_PROBLEMS[416], detail, path=request.url.path, headers=refusal)
    headers |= {
        "Content-Type": content.media_type,
        "Content-Disposition": content_disposition(content.filename),
        # A published file may be any HTML or SVG: it must not run as a page of this service.
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(wanted.length if wanted else content.size),
    }
    if wanted:
        headers["Content-Range"] = wanted.content_range(content.size)
    status = 206 if wanted else 200
    if is_head:
        return Response(status_code=status, headers=headers)
    if wanted is None or wanted.offset == 0:
        retrieval.record_download(servable, caller)
    offset, length = (wanted.offset, wanted.length) if wanted else (0, None)
    return BlobResponse(retrieval.read(content, offset=offset, length=length), status_code=status, headers=headers)


def _range(request: Request, content: Content, tag: str) -> ByteRange | None:
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != tag:
        return None
    return requested_range(request.headers.get("range"), content.size)


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise InvalidInput("true or false", pointer="/redirect")
    return _BOOLEANS[text.lower()]


def hot_routes() -> list[HotRoute]:
    described = {
        "ETag": header("the content's SHA-256", '"9f86d0…"'),
        "Repr-Digest": header("RFC 9530", "sha-256=:n4bQ…:"),
        "Content-Disposition": header("RFC 6266", 'attachment; filename="bert-tiny.zip"'),
        "Accept-Ranges": header("`bytes`", "bytes"),
    }
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return [
        hot_route(
            "/package/{package_id}/content",
            _download,
            documented=download_content,
            tags=["packages"],
            response_class=Response,
            responses={
                200: {"description": "the bytes, in the package's media type", "headers": described, "content": binary},
                206: {"description": "the range that was asked for", "headers": described, "content": binary},
                304: {"description": "unchanged"},
                307: {
                    "description": "to a signed URL",
                    "headers": {"Location": header("lives for minutes", "https://…")},
                },
                **problems(401, 403, 404, 409, 416, 422),
            },
        )
    ]
