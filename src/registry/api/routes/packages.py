"""Packages: list, publish, read, replace, change, delete."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from registry.api.authentication import Searcher, Uploader, authenticate
from registry.api.bodies import Submission, new_package, replacement
from registry.api.conditional import expected_revisions, is_unchanged, package_tag
from registry.api.documentation import ETAG, LINK, LOCATION, METADATA_EXAMPLE, merge_patch_body, package_body, problems
from registry.api.hot import hot_route
from registry.api.inclusion import Include, wants_rating, with_rating
from registry.api.models import PACKAGE_EXAMPLE, PackageModel, PackageSummaryModel, Page
from registry.api.paging import DEFAULT_LIMIT, Cursor, Limit, page_response, position
from registry.api.schemas import (
    ID_PATTERN,
    InlinePackageBody,
    MetadataBody,
    PatchBody,
    ReplacementBody,
)
from registry.api.state import state_of
from registry.api.strict_json import MergePatchRoute, StrictJsonRoute
from registry.domain.accounts import Caller, Permission
from registry.domain.documents import encode_readme, encode_summary, join_document
from registry.domain.errors import InvalidInput
from registry.domain.packages import KeptAnswer, Package, PackageFilter, PackageStatus, PackageType
from registry.domain.versions import Version, VersionRange
from registry.services.publishing import Answering

PackageId = Annotated[str, Path(pattern=ID_PATTERN, examples=[PACKAGE_EXAMPLE["id"]])]
_MAX_KEY_LENGTH = 255
_INLINE_EXAMPLE = METADATA_EXAMPLE | {"content_base64": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}


def document_response(package: Package, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The package as its JSON document with its ETag."""
    body = join_document(encode_summary(package), encode_readme(package))
    tagged = {"ETag": package_tag(package.revision), **(headers or {})}
    return Response(body, status, headers=tagged, media_type="application/json")


async def _read_package(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.SEARCH)
    rated = wants_rating(request.query_params.get("include"))
    document = await state_of(request.scope).services.catalog.get_document(request.path_params["package_id"], caller)
    tag = package_tag(document.revision)
    if is_unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    body = with_rating(document.body, None) if rated else document.body
    return Response(body, headers={"ETag": tag}, media_type="application/json")


async def read_package(package_id: PackageId, caller: Searcher, include: Include = None) -> None:
    """Read a package.

    Its ETag depends on the revision alone; send it as If-None-Match to be told 304 when nothing has changed.
    """


def hot_routes() -> list[APIRoute]:
    """Routes that come before all others."""
    return [
        hot_route(
            "/package/{package_id}",
            _read_package,
            documented=read_package,
            tags=["packages"],
            response_model=PackageModel,
            responses={200: {"headers": ETAG}, 304: {"description": "unchanged"}, **problems(401, 403, 404, 422)},
        )
    ]


def package_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["packages"])
    router.add_api_route(
        "/packages",
        list_packages,
        methods=["GET"],
        response_model=Page[PackageSummaryModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 422)},
    )
    router.add_api_route(
        "/package",
        publish_package,
        methods=["POST"],
        status_code=201,
        response_model=PackageModel,
        responses={
            201: {"headers": ETAG | LOCATION},
            202: {"description": "accepted; its content is being fetched", "model": PackageModel, "headers": LOCATION},
            **problems(400, 401, 403, 409, 413, 415, 422),
        },
        openapi_extra={
            "parameters": [_IDEMPOTENCY_KEY],
            "requestBody": package_body(InlinePackageBody, MetadataBody, _INLINE_EXAMPLE),
        },
    )
    router.add_api_route(
        "/package/{package_id}",
        replace_package,
        methods=["PUT"],
        response_model=PackageModel,
        responses={200: {"headers": ETAG}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422)},
        openapi_extra={
            "parameters": [_IF_MATCH],
            "requestBody": package_body(ReplacementBody, ReplacementBody, METADATA_EXAMPLE),
        },
    )
    router.add_api_route(
        "/package/{package_id}",
        delete_package,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 412, 422),
        openapi_extra={"parameters": [_IF_MATCH]},
    )
    return router


def patch_routes() -> APIRouter:
    """Apart from the others because merge patches have a media type of their own."""
    router = APIRouter(route_class=MergePatchRoute, tags=["packages"])
    router.add_api_route(
        "/package/{package_id}",
        patch_package,
        methods=["PATCH"],
        response_model=PackageModel,
        responses={200: {"headers": ETAG}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422)},
        openapi_extra={"parameters": [_IF_MATCH], "requestBody": merge_patch_body(PatchBody)},
    )
    return router


_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the ETag that was read; 412 when the package has changed since",
    "schema": {"type": "string"},
    "example": '"1"',
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "a fresh key for each new request; repeating a request with its key gives the first answer again",
    "schema": {"type": "string", "minLength": 1, "maxLength": _MAX_KEY_LENGTH},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}


async def list_packages(
    request: Request,
    caller: Searcher,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    type: Annotated[PackageType | None, Query()] = None,  # noqa: A002  (the parameter's public name)
    status: Annotated[PackageStatus, Query()] = PackageStatus.ACTIVE,
    name: Annotated[str | None, Query(max_length=200, description="the exact name")] = None,
    version: Annotated[
        str | None,
        Query(
            max_length=300,
            description="`1.2.3`, `=1.2.3-rc.1`, `1.2.3-2.1.0`, `~1.2.0` or `^1.2.0`",
            examples=["^1.2.0"],
        ),
    ] = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    owner: Annotated[str | None, Query(max_length=64, description="who published it")] = None,
    include: Include = None,
    order: Annotated[str, Query(pattern="^(-created|created)$", description="`created`: oldest first")] = "-created",
) -> Response:
    """List packages, newest first."""
    state = state_of(request.scope)
    wanted = PackageFilter(
        status=status,
        type=type,
        name=name,
        versions=None if version is None else VersionRange.parse(version),
        tag=tag,
        created_by=owner,
        hidden_from=None if caller.is_admin else caller.name,
        newest_first=order != "created",
    )
    after = position(request, state.services.cursors, cursor)
    page = await state.services.catalog.list_page(wanted, limit=limit, after=after)
    items = [with_rating(item.body, None) if wants_rating(include) else item.body for item in page.items]
    return page_response(request, state.services.cursors, items, page.next_after)


async def publish_package(request: Request, caller: Uploader) -> Response:
    """Publish a package.

    `multipart/form-data`: the part `metadata` (JSON) first, then `content` (the file), streamed to the store.
    `application/json`: the metadata's members beside `content_base64`, or with a `source_url` to fetch from.
    """
    state = state_of(request.scope)
    submission = await new_package(request)
    metadata = submission.metadata.value()
    answering = _answering(request, caller, submission)
    if submission.content is None and metadata.source_url is not None:
        await state.services.ingest.check(metadata.source_url)
    large = int(request.headers.get("content-length") or 0) > state.limits.max_json_bytes
    if submission.content and large and answering is None:
        await state.services.publishing.check_free(metadata)
    published = await state.services.publishing.publish(caller, metadata, submission.content, answering=answering)
    if isinstance(published, KeptAnswer):
        return Response(
            published.body, published.status, headers=dict(published.headers), media_type="application/json"
        )
    if published.status is PackageStatus.PENDING:
        state.services.ingest.start(published.id)
    status, headers, body = _first_answer(published)
    return Response(body, status, headers=dict(headers), media_type="application/json")


def _first_answer(package: Package) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    headers = (("Location", f"/package/{package.id}"), ("ETag", package_tag(package.revision)))
    body = join_document(encode_summary(package), encode_readme(package))
    return 202 if package.status is PackageStatus.PENDING else 201, headers, body


def _answering(request: Request, caller: Caller, submission: Submission) -> Answering | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (1 <= len(key) <= _MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput(f"1 to {_MAX_KEY_LENGTH} printable ASCII characters", pointer="/Idempotency-Key")
    members = submission.fingerprint_members()

    def fingerprint(sha256: str | None) -> str:
        return hashlib.sha256(members + (sha256 or "").encode()).hexdigest()

    scoped = "\n".join((caller.name, request.method, request.url.path, key))
    return Answering(hashlib.sha256(scoped.encode()).hexdigest(), fingerprint, _first_answer)


async def replace_package(request: Request, package_id: PackageId, caller: Uploader) -> Response:
    """Replace the metadata (JSON), or metadata and content (multipart). Absent members take their defaults."""
    submission = await replacement(request)
    body = submission.metadata
    if isinstance(body, ReplacementBody) and body.id not in (None, package_id):
        raise InvalidInput("is not the id of this package; leave it out", pointer="/id")
    package = await state_of(request.scope).services.changing.replace(
        caller, package_id, body.value(), submission.content, expected=expected_revisions(request.headers)
    )
    return document_response(package)


async def patch_package(request: Request, package_id: PackageId, caller: Uploader, patch: PatchBody) -> Response:
    """Change some of the metadata by a JSON merge patch; null clears."""

    def changed(package: Package) -> Package:
        for member, own in (("id", package.id), ("name", package.name), ("type", package.type)):
            if getattr(patch, member) not in (None, own):
                raise InvalidInput(f"a package keeps its {member} ({own}); leave it out", pointer=f"/{member}")
        return replace(package, **_changes(patch))

    package = await state_of(request.scope).services.changing.patch(
        caller, package_id, changed, expected=expected_revisions(request.headers)
    )
    return document_response(package)


def _changes(patch: PatchBody) -> dict[str, Any]:
    given = {member: getattr(patch, member) for member in patch.model_fields_set & _PATCHABLE}
    if "description" in given:
        given["description"] = given["description"] or ""
    if "tags" in given:
        given["tags"] = tuple(given["tags"] or ())
    if "dependencies" in given:
        given["dependencies"] = tuple(item.value() for item in given["dependencies"] or ())
    if "version" in given:
        given["version"] = Version.parse(given["version"])
    return given


_PATCHABLE = {
    "version",
    "description",
    "license",
    "tags",
    "source_url",
    "dependencies",
    "readme",
    "status",
}


async def delete_package(request: Request, package_id: PackageId, caller: Uploader) -> Response:
    """Delete a package and its content. Its id answers 404 from then on."""
    await state_of(request.scope).services.changing.remove(
        caller, package_id, expected=expected_revisions(request.headers)
    )
    return Response(status_code=204)
