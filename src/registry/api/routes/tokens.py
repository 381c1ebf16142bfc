"""API tokens: made, listed and revoked by people; and who a token speaks for."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from registry.api.authentication import SessionUser, SignedIn, authenticate
from registry.api.caching import NO_STORE
from registry.api.documentation import LINK, problems
from registry.api.hot import HotRoute, hot_route, ready_json
from registry.api.models.packages import Page
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.models.requests import ID_PATTERN
from registry.api.models.tokens import (
    NEW_TOKEN_EXAMPLE,
    ApiTokenModel,
    ListedTokenModel,
    NewApiTokenBody,
    WhoAmIModel,
)
from registry.api.paging import Cursor, Limit, page_response, position
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.accounts import USER_NAME_PATTERN, ApiToken, Permission
from registry.domain.documents import format_time
from registry.domain.name_patterns import ALL_NAMES, NamePatterns

TokenId = Annotated[str, Path(pattern=ID_PATTERN, examples=["01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60"])]


def hot_routes() -> list[HotRoute]:
    """Every page of the web interface asks who is signed in."""
    return [
        hot_route(
            "/whoami",
            _answer_caller,
            documented=read_caller,
            tags=["users"],
            response_model=WhoAmIModel,
            responses=problems(401),
        )
    ]


def token_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["users"])
    router.add_api_route(
        "/tokens",
        create_api_token,
        methods=["POST"],
        status_code=201,
        response_model=ApiTokenModel,
        responses=problems(400, 401, 403, 413, 415, 422),
        openapi_extra={"requestBody": {"content": {"application/json": {"example": NEW_TOKEN_EXAMPLE}}}},
    )
    router.add_api_route(
        "/tokens",
        list_api_tokens,
        methods=["GET"],
        response_model=Page[ListedTokenModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 404, 422)},
    )
    router.add_api_route(
        "/tokens/{token_id}",
        revoke_api_token,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 422),
    )
    return router


def _packages(token: ApiToken) -> tuple[str, ...]:
    """The names that hold: `admin` means all of them."""
    return (ALL_NAMES if Permission.ADMIN in token.permissions else token.packages).patterns


def _members(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "permissions": sorted(token.permissions),
        "packages": _packages(token),
        "created_at": format_time(token.created_at),
        "expires_at": None if token.expires_at is None else format_time(token.expires_at),
    }


def _listed(token: ApiToken) -> bytes:
    used = None if token.last_used_at is None else format_time(token.last_used_at)
    return orjson.dumps({**_members(token), "prefix": token.beginning, "last_used_at": used})


async def create_api_token(request: Request, caller: SessionUser, body: NewApiTokenBody) -> Response:
    """Make an API token for a program. Its text is in this answer only.

    It never has a permission that you do not have at that moment. Outside `packages` it sees nothing and may publish
    nothing; `admin` means all packages.
    """
    made = await state_of(request.scope).services.api_tokens.create(
        caller,
        name=body.name,
        permissions=frozenset(body.permissions),
        packages=NamePatterns.parse(body.packages, pointer="/packages"),
        expires_in_seconds=body.expires_in,
    )
    answer = orjson.dumps({**_members(made.token), "token": made.text})
    headers = {**NO_STORE, "Location": f"/tokens/{made.token.id}"}
    return Response(answer, 201, headers=headers, media_type="application/json")


async def list_api_tokens(
    request: Request,
    caller: SessionUser,
    user: Annotated[
        str | None, Query(pattern=f"^{USER_NAME_PATTERN.pattern}$", description="for admins: whose tokens")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List your API tokens, newest first. `last_used_at` may be five minutes late."""
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    page = await services.api_tokens.list_page(caller, user, limit=limit, after=after)
    return page_response(request, services.cursors, [_listed(token) for token in page.items], page.next_after)


async def revoke_api_token(request: Request, token_id: TokenId, caller: SessionUser) -> Response:
    """Revoke an API token of yours, or anybody's as an admin, from the next request on."""
    await state_of(request.scope).services.api_tokens.revoke(caller, token_id)
    return Response(status_code=204)


async def read_caller(caller: SignedIn) -> None:
    """Who the token of this request speaks for, with the permissions of this moment."""


async def _answer_caller(request: Request) -> Response:
    caller = await authenticate(request.scope, None)
    token = caller.token
    kind, name, expires_at = "session", None, None
    if isinstance(token, ApiToken):
        kind, name, expires_at = "api", token.name, token.expires_at
    elif token is not None:
        expires_at = datetime.fromtimestamp(token.expires_at, UTC)
    described = {
        "kind": kind,
        "name": name,
        "packages": (caller.names or ALL_NAMES).patterns,
        "expires_at": None if expires_at is None else format_time(expires_at),
    }
    answer = {"name": caller.name, "permissions": sorted(caller.permissions), "token": described}
    return ready_json(orjson.dumps(answer))
