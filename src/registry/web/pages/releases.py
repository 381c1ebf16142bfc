"""Drafts and their release: the pages of POST /releases."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, ApiResponse
from registry.web.rendering import page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form

_DRAFTS = 50
_CHOSEN = "package-"


def routes() -> list[Route]:
    return [
        page_route("/ui/releases", show_drafts),
        page_route("/ui/releases", release, methods=("POST",)),
    ]


async def show_drafts(request: Request, api: Api, **values: Any) -> Response:
    await api.read("/whoami")  # a visitor without a session signs in first
    cursor = request.query_params.get("cursor")
    drafts = await api.read("/packages", status="draft", limit=_DRAFTS, cursor=cursor)
    shown = {"chosen": (), "alias": "", "problem": None, "reasons": {}, "possible": False, **values}
    return page(request, "releases.html", section="publish", drafts=drafts, **shown)


async def release(request: Request, api: Api) -> Response:
    """Release the chosen drafts, or with the button "Check" say what stands against it."""
    fields = await read_form(request)
    chosen = [name.removeprefix(_CHOSEN) for name in fields if name.startswith(_CHOSEN)]
    alias = fields.get("alias", "").strip()
    is_check = "check" in fields
    body = {"packages": chosen, "aliases": await _moves(api, chosen, alias) if alias else {}}
    response = await api.call("POST", "/releases", query={"dry_run": "true" if is_check else None}, json=body)
    shown = {"chosen": chosen, "alias": alias}
    if not response.ok:
        return await show_drafts(request, api, **shown, problem=response.reasons, reasons=_reasons(response))
    if is_check:
        answer = response.body
        return await show_drafts(request, api, **shown, possible=answer["possible"], reasons=answer["reasons"])
    return see_other("/ui/releases", done="released")


async def _moves(api: Api, package_ids: list[str], alias: str) -> dict[str, dict[str, str]]:
    """The alias of each name leads to its chosen version; of two chosen versions, to the one listed first."""
    packages = [await api.read(f"/package/{package_id}") for package_id in reversed(package_ids)]
    return {f"{package['type']}/{package['name']}": {alias: package["version"]} for package in packages}


def _reasons(response: ApiResponse) -> dict[str, str]:
    reasons: dict[str, str] = response.body.get("reasons") or {}
    return reasons
