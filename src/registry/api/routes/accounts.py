"""Signing in and out, and users."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Admin, SessionUser, SignedIn
from registry.api.bodies import validated
from registry.api.caching import NO_STORE
from registry.api.documentation import LINK, problems, reference
from registry.api.forms import FORM, read_form
from registry.api.models.accounts import AuthenticateBody, NewUserBody, PasswordBody, PermissionsBody, SignInForm
from registry.api.models.packages import Page, TokenModel, UserModel
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.paging import Cursor, Limit, page_response, position
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.accounts import Account
from registry.domain.documents import format_time
from registry.domain.pages import cut_page

UserName = Annotated[str, Path(pattern=r"^[A-Za-z0-9._@-]{1,64}$", examples=["alice"])]
_SIGN_IN = {"grant_type": "password", "username": "alice", "password": "correct horse battery"}
_NEW_USER = {"name": "alice", "password": "correct horse battery", "permissions": ["search", "download"]}
_AUTHENTICATE = {"user": {"name": "alice", "is_admin": False}, "secret": {"password": "correct horse battery"}}


def _example(value: object) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"example": value}}}}


def sign_in_routes() -> APIRouter:
    router = APIRouter(tags=["users"])
    router.add_api_route(
        "/auth/token",
        create_token,
        methods=["POST"],
        response_model=TokenModel,
        responses=problems(400, 401, 413, 415, 422),
        openapi_extra={
            "requestBody": {"required": True, "content": {FORM: {"schema": reference(SignInForm), "example": _SIGN_IN}}}
        },
    )
    router.add_api_route(
        "/auth/token",
        revoke_token,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401),
    )
    return router


def user_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["users"])
    router.add_api_route(
        "/authenticate",
        authenticate_user,
        methods=["PUT"],
        response_model=str,
        responses=problems(400, 401, 413, 415, 422),
        openapi_extra=_example(_AUTHENTICATE),
    )
    router.add_api_route(
        "/users",
        list_users,
        methods=["GET"],
        response_model=Page[UserModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 422)},
    )
    router.add_api_route(
        "/users",
        add_user,
        methods=["POST"],
        status_code=201,
        response_model=UserModel,
        responses=problems(400, 401, 403, 409, 413, 415, 422),
        openapi_extra=_example(_NEW_USER),
    )
    router.add_api_route(
        "/users/{name}/permissions",
        set_permissions,
        methods=["PUT"],
        response_model=UserModel,
        responses=problems(400, 401, 403, 404, 409, 413, 415, 422),
        openapi_extra=_example({"permissions": ["search", "download", "upload"]}),
    )
    router.add_api_route(
        "/users/{name}/password",
        change_password,
        methods=["PUT"],
        status_code=204,
        response_class=Response,
        responses=problems(400, 401, 403, 404, 413, 415, 422),
        openapi_extra=_example({"current_password": "correct horse battery", "new_password": "staple of a new kind"}),
    )
    router.add_api_route(
        "/users/{name}",
        delete_user,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 409, 422),
    )
    return router


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _user(account: Account) -> bytes:
    return orjson.dumps(
        {
            "name": account.name,
            "permissions": sorted(account.permissions),
            "created_at": format_time(account.created_at),
        }
    )


async def create_token(request: Request) -> Response:
    """Sign in by name and password (OAuth2 password form). This is what Authorize in Swagger UI calls."""
    form = validated(SignInForm, await read_form(request))
    issued = await state_of(request.scope).services.accounts.sign_in(
        form.username, form.password, address=_address(request)
    )
    body = {"access_token": issued.token, "token_type": "bearer", "expires_in": issued.expires_in_seconds}
    return Response(orjson.dumps(body), headers=NO_STORE, media_type="application/json")


async def authenticate_user(request: Request, body: AuthenticateBody) -> Response:
    """Sign in by name and password; the answer is the value for Authorization or X-Authorization."""
    issued = await state_of(request.scope).services.accounts.sign_in(
        body.user.name, body.secret.password, address=_address(request)
    )
    return Response(orjson.dumps(f"bearer {issued.token}"), headers=NO_STORE, media_type="application/json")


async def revoke_token(request: Request, caller: SignedIn) -> Response:
    """Sign out: the token of this request is good no more."""
    await state_of(request.scope).services.accounts.sign_out(caller)
    return Response(status_code=204)


async def list_users(request: Request, caller: Admin, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List users by name."""
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    accounts = await services.accounts.list_users(limit=limit + 1, after=after)
    page, next_after = cut_page(accounts, limit, lambda account: account.name)
    return page_response(request, services.cursors, [_user(account) for account in page], next_after)


async def add_user(request: Request, caller: Admin, body: NewUserBody) -> Response:
    """Create a user."""
    account = await state_of(request.scope).services.accounts.add_user(
        body.name, body.password, frozenset(body.permissions)
    )
    headers = {"Location": f"/users/{account.name}"}
    return Response(_user(account), 201, headers=headers, media_type="application/json")


async def set_permissions(request: Request, name: UserName, caller: Admin, body: PermissionsBody) -> Response:
    """Give a user exactly these permissions, from the next request on."""
    account = await state_of(request.scope).services.accounts.set_permissions(name, frozenset(body.permissions))
    return Response(_user(account), media_type="application/json")


async def change_password(request: Request, name: UserName, caller: SessionUser, body: PasswordBody) -> Response:
    """Set a new password. The user's sessions end, and with `revoke_tokens` their API tokens too."""
    await state_of(request.scope).services.accounts.change_password(
        caller, name, current=body.current_password, new=body.new_password, revoke_api_tokens=body.revoke_tokens
    )
    return Response(status_code=204)


async def delete_user(request: Request, name: UserName, caller: SessionUser) -> Response:
    """Delete a user; their tokens are revoked, their packages stay."""
    await state_of(request.scope).services.accounts.remove_user(caller, name)
    return Response(status_code=204)
