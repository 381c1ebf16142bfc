"""Names: their versions, owners and aliases; and namespaces."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Searcher, Uploader
from registry.api.conditional import expected_revisions, expected_tags, is_unchanged, package_tag, sent_tags
from registry.api.documentation import ETAG, IF_MATCH, LINK, problems
from registry.api.models.names import AliasBody, AliasModel, NameModel, NamespaceModel, OwnersBody, VisibilityBody
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.paging import Cursor, Limit, link_to, position
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.accounts import name_of
from registry.domain.documents import format_time
from registry.domain.names import NamedVersion, Namespace
from registry.domain.packages import PackageType
from registry.ports.ratings import RatingSummary
from registry.services.names.names import SeenName

Name = Annotated[
    str, Path(min_length=1, max_length=200, description="its slashes are not escaped", examples=["acme/bert"])
]
Space = Annotated[str, Path(min_length=1, max_length=200, examples=["acme"])]
AliasName = Annotated[str, Path(min_length=1, max_length=64, examples=["prod"])]
Kind = Annotated[PackageType, Path(examples=["model"])]


def name_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["names"])
    errors = problems(401, 403, 404, 422)
    changing = problems(400, 401, 403, 404, 409, 412, 413, 415, 422)
    tagged: dict[int | str, dict[str, Any]] = {200: {"headers": ETAG}}
    one = "/names/{type}/{name:path}"
    extra = {"parameters": [IF_MATCH]}
    # The longer paths come first: a name may hold slashes.
    router.add_api_route(
        one + "/owners",
        set_owners,
        methods=["PUT"],
        response_model=NameModel,
        responses=tagged | changing,
        openapi_extra=extra,
    )
    router.add_api_route(
        one + "/visibility",
        set_visibility,
        methods=["PUT"],
        response_model=NameModel,
        responses=tagged | changing,
        openapi_extra=extra,
    )
    router.add_api_route(
        one + "/aliases/{alias}",
        move_alias,
        methods=["PUT"],
        response_model=AliasModel,
        responses=tagged | changing,
        openapi_extra=extra,
    )
    router.add_api_route(
        one + "/aliases/{alias}",
        drop_alias,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 412, 422),
        openapi_extra=extra,
    )
    router.add_api_route(
        one,
        read_name,
        methods=["GET"],
        response_model=NameModel,
        responses={200: {"headers": ETAG | LINK}, 304: {"description": "unchanged"}, **errors},
    )
    router.add_api_route(
        "/namespaces/{space}",
        read_namespace,
        methods=["GET"],
        response_model=NamespaceModel,
        responses=tagged | errors | {304: {"description": "unchanged"}},
    )
    router.add_api_route(
        "/namespaces/{space}/owners",
        set_namespace_owners,
        methods=["PUT"],
        response_model=NamespaceModel,
        responses=tagged | changing,
        openapi_extra=extra,
    )
    return router


async def read_name(
    request: Request,
    type: Kind,  # noqa: A002
    name: Name,
    caller: Searcher,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """A name with its owners, aliases and newest versions.

    Its ETag changes with owners, visibility, aliases and versions, not with ratings or downloads.
    """
    services = state_of(request.scope).services
    await services.retrieval.downloads.settle()
    seen = await services.names.read(type, name, caller)
    return await _name_response(request, seen, limit=limit, cursor=cursor)


async def _name_response(
    request: Request, seen: SeenName, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Response:
    services = state_of(request.scope).services
    tag = f'"{seen.tag}"'
    if request.method in ("GET", "HEAD") and is_unchanged(sent_tags(request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    after = position(request, services.cursors, cursor)
    left = [named for named in seen.view.versions if after is None or named.id < after]
    page = left[:limit]
    link = link_to(request, services.cursors, page[-1].id) if len(left) > limit else None
    ratings = await services.ratings.find_latest_of([named.id for named in page])
    document = {
        "type": seen.view.name.type,
        "name": seen.view.name.name,
        "visibility": seen.view.name.visibility,
        "owners": [name_of(owner) for owner in seen.view.name.owners],
        "latest": None if seen.latest is None else {"id": seen.latest.id, "version": str(seen.latest.version)},
        "versions": [_version(named, ratings.get(named.id)) for named in page],
        "next_cursor": link.cursor if link else None,
        "aliases": seen.view.name.aliases,
        "downloads": seen.view.downloads,
    }
    headers = {"ETag": tag} | ({"Link": link.header} if link else {})
    return Response(orjson.dumps(document), headers=headers, media_type="application/json")


def _version(named: NamedVersion, rating: RatingSummary | None) -> dict[str, Any]:
    return {
        "id": named.id,
        "version": str(named.version),
        "status": named.status,
        "created_at": format_time(named.created_at) if named.created_at else None,
        "net_score": None if rating is None else rating.net_score,
        "net_score_range": None if rating is None else rating.net_score_range,
    }


async def set_owners(
    request: Request,
    type: Kind,  # noqa: A002
    name: Name,
    caller: Uploader,
    body: OwnersBody,
) -> Response:
    """Give the name exactly these owners. The last one cannot be removed."""
    seen = await state_of(request.scope).services.names.set_owners(
        caller, type, name, body.owners, expected=expected_tags(request.headers)
    )
    return await _name_response(request, seen)


async def set_visibility(
    request: Request,
    type: Kind,  # noqa: A002
    name: Name,
    caller: Uploader,
    body: VisibilityBody,
) -> Response:
    """Make the name private or public. The answer comes once it holds on every host, a second later."""
    seen = await state_of(request.scope).services.names.set_visibility(
        caller, type, name, body.visibility, body.readers, expected=expected_tags(request.headers)
    )
    return await _name_response(request, seen)


async def move_alias(
    request: Request,
    type: Kind,  # noqa: A002
    name: Name,
    alias: AliasName,
    caller: Uploader,
    body: AliasBody,
) -> Response:
    """Have the alias lead to a version. `If-Match`, with the name's ETag, prevents two concurrent moves."""
    moved = await state_of(request.scope).services.names.move_alias(
        caller, type, name, alias, body.version, expected=expected_tags(request.headers)
    )
    document = {"alias": moved.alias, "version": str(moved.target.version), "id": moved.target.id}
    return Response(orjson.dumps(document), headers={"ETag": f'"{moved.tag}"'}, media_type="application/json")


async def drop_alias(
    request: Request,
    type: Kind,  # noqa: A002
    name: Name,
    alias: AliasName,
    caller: Uploader,
) -> Response:
    """Drop the alias."""
    await state_of(request.scope).services.names.drop_alias(
        caller, type, name, alias, expected=expected_tags(request.headers)
    )
    return Response(status_code=204)


async def read_namespace(request: Request, space: Space, caller: Searcher) -> Response:
    """Who creates new names in the namespace."""
    namespace = await state_of(request.scope).services.namespaces.read(space, caller)
    return _namespace_response(request, namespace)


async def set_namespace_owners(request: Request, space: Space, caller: Uploader, body: OwnersBody) -> Response:
    """Give the namespace exactly these owners. The last one cannot be removed."""
    namespace = await state_of(request.scope).services.namespaces.set_owners(
        caller, space, body.owners, expected=expected_revisions(request.headers)
    )
    return _namespace_response(request, namespace)


def _namespace_response(request: Request, namespace: Namespace) -> Response:
    tag = package_tag(namespace.revision)
    if request.method in ("GET", "HEAD") and is_unchanged(sent_tags(request.scope, b"if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    document = {"name": namespace.name, "owners": [name_of(owner) for owner in namespace.owners]}
    return Response(orjson.dumps(document), headers={"ETag": tag}, media_type="application/json")
