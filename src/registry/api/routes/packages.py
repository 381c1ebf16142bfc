"""Packages: list, publish, read, replace, change, delete."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Searcher, Uploader, admit, authenticate, token_of
from registry.api.bodies import Submission, new_package, replacement
from registry.api.bounded import admitted_body
from registry.api.conditional import expected_revisions, is_unchanged, package_tag, rated_package_tag, sent_tags
from registry.api.documentation import ETAG, IF_MATCH, LOCATION, merge_patch_body, package_body, problems
from registry.api.hot import HotRoute, ReadyResponse, hot_route, json_headers, ready_json
from registry.api.idempotency import IDEMPOTENCY_KEY, ResponseParts, decode_response, encode_response, scoped_key
from registry.api.inclusion import Include, wants_rating, with_rating
from registry.api.models.packages import PACKAGE_EXAMPLE, PackageModel
from registry.api.models.requests import (
    ID_PATTERN,
    INLINE_EXAMPLE,
    METADATA_EXAMPLE,
    InlinePackageBody,
    MetadataBody,
    PatchBody,
    ReplacementBody,
)
from registry.api.read_only import check_read_only
from registry.api.state import state_of
from registry.api.strict_json import MergePatchRoute
from registry.domain.accounts import Caller, Permission
from registry.domain.documents import encode_readme, encode_summary, join_document
from registry.domain.errors import InvalidInput
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.packages import Package, PackageStatus
from registry.domain.versions import Version
from registry.services.packages.idempotency import IdempotentRequest

PackageId = Annotated[str, Path(pattern=ID_PATTERN, examples=[PACKAGE_EXAMPLE["id"]])]


def document_response(package: Package, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The package as its JSON document with its ETag."""
    body = join_document(encode_summary(package), encode_readme(package))
    tagged = {"ETag": package_tag(package.revision), **(headers or {})}
    return Response(body, status, headers=tagged, media_type="application/json")


async def _read_package(request: Request) -> Response:
    scope = request.scope
    package_id, services = scope["path_params"]["package_id"], state_of(scope).services
    caller, found = await services.reading.find(token_of(scope), package_id)
    await admit(scope, caller, Permission.SEARCH)
    rated = bool(scope["query_string"]) and wants_rating(request.query_params.get("include"))
    document = await services.access.shown(found, caller)
    body, tag = document.body, package_tag(document.revision)
    if rated:
        rating = (await services.ratings.find_summaries([(package_id, document.revision)])).get(package_id)
        body, tag = with_rating(body, rating), rated_package_tag(document.revision, rating)
    if is_unchanged(sent_tags(scope, b"if-none-match"), tag):
        return ReadyResponse(304, [(b"etag", tag.encode())])
    return ready_json(body, (b"etag", tag.encode()))


async def read_package(package_id: PackageId, caller: Searcher, include: Include = None) -> None:
    """Read a package.

    Its ETag depends on the revision alone; send it as If-None-Match to get 304 when nothing has changed.
    """


def hot_routes() -> list[HotRoute]:
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


def writing_routes() -> list[HotRoute]:
    return [
        hot_route(
            "/package",
            _publish_package,
            documented=publish_package,
            method="POST",
            tags=["packages"],
            status_code=201,
            response_model=PackageModel,
            responses={
                201: {"headers": ETAG | LOCATION},
                202: {
                    "description": "accepted; its content is being fetched",
                    "model": PackageModel,
                    "headers": LOCATION,
                },
                **problems(400, 401, 403, 409, 413, 415, 422),
            },
            openapi_extra={
                "parameters": [IDEMPOTENCY_KEY],
                "requestBody": package_body(InlinePackageBody, MetadataBody, INLINE_EXAMPLE),
            },
        ),
        hot_route(
            "/package/{package_id}",
            _replace_package,
            documented=replace_package,
            method="PUT",
            tags=["packages"],
            response_model=PackageModel,
            responses={200: {"headers": ETAG}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422)},
            openapi_extra={
                "parameters": [IF_MATCH],
                "requestBody": package_body(ReplacementBody, ReplacementBody, METADATA_EXAMPLE),
            },
        ),
        hot_route(
            "/package/{package_id}",
            _delete_package,
            documented=delete_package,
            method="DELETE",
            tags=["packages"],
            status_code=204,
            response_class=Response,
            responses=problems(401, 403, 404, 412, 422),
            openapi_extra={"parameters": [IF_MATCH]},
        ),
    ]


def patch_routes() -> APIRouter:
    """Apart from the others because merge patches have a media type of their own."""
    router = APIRouter(route_class=MergePatchRoute, tags=["packages"])
    router.add_api_route(
        "/package/{package_id}",
        patch_package,
        methods=["PATCH"],
        response_model=PackageModel,
        responses={200: {"headers": ETAG}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422)},
        openapi_extra={"parameters": [IF_MATCH], "requestBody": merge_patch_body(PatchBody)},
    )
    return router


async def publish_package(caller: Uploader) -> None:
    """Publish a package.

    `multipart/form-data`: the part `metadata` (JSON) first, then `content` (the file), streamed to the store.
    `application/json`: the metadata's members beside `content_base64`, or with a `source_url` to fetch from.
    """


async def _publish_package(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.UPLOAD)
    async with admitted_body(request) as body:
        return await _publish(request, caller, body)


async def _publish(request: Request, caller: Caller, body: AsyncIterator[bytes]) -> Response:
    state = state_of(request.scope)
    submission = await new_package(request, body)
    metadata = submission.metadata.value()
    idempotent = _idempotent(request, caller, submission)
    if submission.content is None and metadata.source_url is not None:
        await state.services.ingest.check(metadata.source_url)
    large = int(request.headers.get("content-length") or 0) > state.limits.max_json_bytes
    if submission.content and large and idempotent is None:
        await state.services.publishing.check_free(caller, metadata)
    published = await state.services.publishing.publish(caller, metadata, submission.content, idempotent=idempotent)
    if isinstance(published, Package) and published.status is PackageStatus.PENDING:
        state.services.ingest.start(published.id, published.created_by)
    elif isinstance(published, Package):
        state.services.verdicts.hint(published.id, caller.name)
        await state.services.ratings.hint(published.id, caller.name)
    return created_response(published)


def created_response(published: Package | IdempotencyRecord) -> Response:
    """The answer to a publish, whether it is the first or is given again."""
    if isinstance(published, Package):
        status, headers, body = created_answer(published)
    else:
        status, headers, body = decode_response(published.response)
    ready = [(name.lower().encode(), value.encode()) for name, value in headers]
    return ReadyResponse(status, [*json_headers(body), *ready], body)


def created_answer(package: Package) -> ResponseParts:
    """Status, headers and body of the answer to a publish."""
    headers = (("Location", f"/package/{package.id}"), ("ETag", package_tag(package.revision)))
    body = join_document(encode_summary(package), encode_readme(package))
    return 202 if package.status is PackageStatus.PENDING else 201, headers, body


def _idempotent(request: Request, caller: Caller, submission: Submission) -> IdempotentRequest[Package] | None:
    key = scoped_key(request, caller)
    if key is None:
        return None
    members = submission.fingerprint_members()

    def fingerprint(sha256: str | None) -> str:
        return hashlib.sha256(members + (sha256 or "").encode()).hexdigest()

    return IdempotentRequest(key, fingerprint, lambda package: encode_response(created_answer(package)))


async def replace_package(package_id: PackageId, caller: Uploader) -> None:
    """Replace the metadata (JSON), or metadata and content (multipart). Absent members take their defaults."""


async def _replace_package(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.UPLOAD)
    package_id = request.path_params["package_id"]
    async with admitted_body(request) as chunks:
        submission = await replacement(request, chunks)
        body = submission.metadata
        if isinstance(body, ReplacementBody) and body.id not in (None, package_id):
            raise InvalidInput("is not the id of this package; leave it out", pointer="/id")
        package = await state_of(request.scope).services.changing.replace(
            caller, package_id, body.value(), submission.content, expected=expected_revisions(request.headers)
        )
    services = state_of(request.scope).services
    services.verdicts.hint(package_id, caller.name)
    await services.ratings.hint(package_id, caller.name)
    return document_response(package)


async def patch_package(request: Request, package_id: PackageId, caller: Uploader, patch: PatchBody) -> Response:
    """Change some of the metadata by a JSON merge patch; null clears.

    Members that only the registry sets (`content`, `revision`, `created_at`, `rating` …) may be repeated with the value
    that they have now; any other value is 422.
    """
    services = state_of(request.scope).services
    rating = await services.ratings.find_latest(package_id) if patch.rating is not None else None

    def changed(package: Package) -> Package:
        for member, own in (("id", package.id), ("name", package.name), ("type", package.type)):
            if getattr(patch, member) not in (None, own):
                raise InvalidInput(f"a package keeps its {member} ({own}); leave it out", pointer=f"/{member}")
        check_read_only(patch, package, rating)
        return replace(package, **_changes(patch))

    package = await services.changing.patch(caller, package_id, changed, expected=expected_revisions(request.headers))
    await services.ratings.hint(package_id, caller.name)
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


async def delete_package(package_id: PackageId, caller: Uploader) -> None:
    """Delete a package and its content. Its id answers 404 from then on."""


async def _delete_package(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.UPLOAD)
    await state_of(request.scope).services.changing.remove(
        caller, request.path_params["package_id"], expected=expected_revisions(request.headers)
    )
    return ReadyResponse(204, [])
