"""Signing in and out, the own password, and API tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.rendering import page, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import end_session, read_form, start_session

PERMISSIONS = ("search", "download", "upload", "admin")
_DAY_SECONDS = 86_400
_LIFETIMES = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "": "no end"}


def routes() -> list[Route]:
    return [
        page_route("/ui/sign-in", show_sign_in),
        page_route("/ui/sign-in", sign_in, methods=("POST",)),
        page_route("/ui/sign-out", sign_out, methods=("POST",)),
        page_route("/ui/account", show_account),
        page_route("/ui/account/password", change_password, methods=("POST",)),
        page_route("/ui/account/tokens", create_token, methods=("POST",)),
        page_route("/ui/account/tokens/{id}/revoke", revoke_token, methods=("POST",)),
    ]


def _local(target: str) -> str:
    """Where to go after signing in: a page of this interface, never another site."""
    return target if target.startswith("/ui") and "\\" not in target and "//" not in target.partition("?")[0] else "/ui"


async def show_sign_in(request: Request, _api: Api) -> Response:
    return page(request, "sign_in.html", target=_local(request.query_params.get("next", "/ui")), error="", name="")


async def sign_in(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    target = _local(fields.get("next", "/ui"))
    credentials = {"username": fields.get("name", ""), "password": fields.get("password", "")}
    response = await api.call("POST", "/auth/token", form={"grant_type": "password", **credentials})
    if not response.ok:
        request.state.user = None
        error = response.detail
        return page(
            request, "sign_in.html", status=response.status, target=target, error=error, name=credentials["username"]
        )
    path, _, query = target.partition("?")
    answer = see_other(path)
    answer.headers["Location"] = f"{path}?{query}" if query else path
    start_session(answer, request, response.body["access_token"], seconds=response.body["expires_in"])
    return answer


async def sign_out(request: Request, api: Api) -> Response:
    await read_form(request)
    await api.call("DELETE", "/auth/token")
    answer = see_other("/ui/sign-in", done="signed-out")
    end_session(answer)
    return answer


async def show_account(request: Request, api: Api, **values: Any) -> Response:
    whoami = await api.read("/whoami")
    tokens = await api.get("/tokens", limit=200)
    shown = {"errors": {}, "fresh": None, **values}
    return page(
        request,
        "account.html",
        section="account",
        whoami=whoami,
        tokens=tokens.body["items"] if tokens.ok else None,
        grantable=[name for name in PERMISSIONS if name in whoami["permissions"] or "admin" in whoami["permissions"]],
        lifetimes=_LIFETIMES,
        **shown,
    )


async def change_password(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    user = await api.read("/whoami")
    body = {"current_password": fields.get("current_password", ""), "new_password": fields.get("new_password", "")}
    response = await api.call("PUT", f"/users/{user['name']}/password", json=body)
    if not response.ok:
        errors = response.field_errors() or {"current_password": response.detail}
        return await show_account(request, api, errors=errors)
    answer = see_other("/ui/sign-in", done="password")
    end_session(answer)
    return answer


async def create_token(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    packages = fields.get("packages", "").split()
    body = {
        "name": fields.get("name", ""),
        "permissions": [name for name in PERMISSIONS if fields.get(f"permission-{name}")],
        "expires_in": int(fields["days"]) * _DAY_SECONDS if fields.get("days", "").isdecimal() else None,
        **({"packages": packages} if packages else {}),
    }
    response = await api.call("POST", "/tokens", json=body)
    if not response.ok:
        errors = {f"token-{name}": detail for name, detail in response.field_errors().items()}
        return await show_account(request, api, errors=errors or {"token-name": response.detail})
    return await show_account(request, api, fresh=response.body)


async def revoke_token(request: Request, api: Api) -> Response:
    await read_form(request)
    response = await api.call("DELETE", f"/tokens/{request.path_params['id']}")
    if not response.ok:
        return problem_page(request, response)
    return see_other("/ui/account", done="token-revoked")
