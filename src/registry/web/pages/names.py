"""What the owners of a name may change: owners, visibility, aliases."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.rendering import package_url, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form


def routes() -> list[Route]:
    return [
        page_route("/ui/package/{id}/owners", set_owners, methods=("POST",)),
        page_route("/ui/package/{id}/visibility", set_visibility, methods=("POST",)),
        page_route("/ui/package/{id}/alias", move_alias, methods=("POST",)),
        page_route("/ui/package/{id}/alias/drop", drop_alias, methods=("POST",)),
    ]


async def set_owners(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    return await _change(request, api, fields, "PUT", "/owners", {"owners": fields.get("owners", "").split()})


async def set_visibility(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    body = {"visibility": fields.get("visibility", ""), "readers": fields.get("readers", "").split()}
    return await _change(request, api, fields, "PUT", "/visibility", body)


async def move_alias(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    path = f"/aliases/{fields.get('alias', '').strip()}"
    return await _change(request, api, fields, "PUT", path, {"version": fields.get("version", "")})


async def drop_alias(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    return await _change(request, api, fields, "DELETE", f"/aliases/{fields.get('alias', '')}", None)


async def _change(
    request: Request, api: Api, fields: Mapping[str, str], method: str, path: str, body: dict[str, Any] | None
) -> Response:
    """A change of the name of the package at hand, refused if the name has changed since the page was shown."""
    package = await api.read(f"/package/{request.path_params['id']}")
    name = f"/names/{package['type']}/{package['name']}"
    headers = {"If-Match": fields["tag"]} if fields.get("tag") else {}
    response = await api.call(method, name + path, json=body, headers=headers)
    return see_other(package_url(package["id"]), done="name") if response.ok else problem_page(request, response)
