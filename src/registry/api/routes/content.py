"""The bytes of a package: all of them, or some of its files as a zip."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from registry.api.authentication import Downloader, authenticate
from registry.api.conditional import content_tag
from registry.api.digests import repr_digest
from registry.api.documentation import header, problems
from registry.api.hot import HotRoute, hot_route
from registry.api.ranged import (
    BYTES_HEADERS,
    bytes_answers,
    ranged_response,
    redirect_response,
    unchanged_response,
)
from registry.api.routes.files import part_response
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.waivers import show_waivers
from registry.domain.accounts import Caller, Permission
from registry.domain.errors import InvalidInput
from registry.formats.archives.roles import Role
from registry.services.packages.retrieval import Retrieval, Servable

# As FastAPI reads them on other routes.
_BOOLEANS = dict.fromkeys(("true", "1", "yes", "on", "t", "y"), True) | dict.fromkeys(
    ("false", "0", "no", "off", "f", "n"), False
)
_PART = Query(description="only the files that count as this, as a zip; docs/files.md says which do")


async def download_content(
    package_id: PackageId, caller: Downloader, *, redirect: bool = True, part: Annotated[Role | None, _PART] = None
) -> None:
    """Download the content.

    Single ranges are answered by 206. Where the store can serve clients itself the answer is 307 to a signed URL that
    lives for minutes; `redirect=false` streams through the service. Answers carry the digest as Repr-Digest.
    With `part` the answer is a zip of the files that count as that part, always with the same bytes.
    """


async def _download(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.DOWNLOAD)
    retrieval = state_of(scope).services.retrieval

    async def answer(servable: Servable) -> Response:
        return await _content_response(request, retrieval, servable, caller)

    return await retrieval.serve(request.path_params["package_id"], caller, answer)


async def _content_response(request: Request, retrieval: Retrieval, servable: Servable, caller: Caller) -> Response:
    show_waivers(request, servable.waivers)
    if (named := request.query_params.get("part")) is not None:
        return await part_response(request, servable, _role(named), caller)
    content = servable.content
    tag, digest = content_tag(content.sha256), {"Repr-Digest": repr_digest(content.sha256)}
    if unchanged := unchanged_response(request, tag, digest):
        return unchanged
    # A URL is signed for GET alone: who asks for the head of a download is answered here, from the record.
    wants_redirect = _boolean(request.query_params.get("redirect", "true")) and not request.scope.get("head", False)
    if wants_redirect and (url := await retrieval.presign(content)):
        retrieval.record_download(servable, caller, whole=True)
        return redirect_response(url, tag, digest)
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
                **problems(401, 403, 404, 409, 412, 416, 422),
            },
        )
    ]
