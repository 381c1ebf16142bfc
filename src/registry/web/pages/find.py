"""Finding packages: the start page, listings with filters, searches by words and by regular expression."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web import badges
from registry.web.api_calls import Api, ApiResponse, CallFailed
from registry.web.rendering import page, url
from registry.web.routing import page_route

_PAGE_ITEMS = 25
_START_ITEMS = 6
_INVALID = 422
TYPES = ("model", "dataset", "code")
STATUSES = ("active", "deprecated", "quarantined", "pending", "failed", "draft")
ORDERS = {"": "newest first", "created": "oldest first", "name": "name", "score": "score", "downloads": "downloads"}
SAFETIES = {status: words for status, (_, words) in badges.SAFETIES.items()}
_FILTERS = ("q", "regex", "type", "status", "tag", "license", "safety", "name", "owner", "order", "min_net_score")


def routes() -> list[Route]:
    return [page_route("/ui", show_start), page_route("/ui/packages", show_packages)]


async def show_start(request: Request, api: Api) -> Response:
    newest = await api.read("/packages", limit=_START_ITEMS, include="rating")
    downloaded = await api.get("/packages", limit=_START_ITEMS, order="downloads", include="rating")
    return page(
        request,
        "start.html",
        newest=newest["items"],
        downloaded=downloaded.body["items"] if downloaded.ok else [],
        server=f"{request.url.scheme}://{request.url.netloc}",
    )


async def show_packages(request: Request, api: Api) -> Response:
    given = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    cursor = request.query_params.get("cursor")
    response = await _find(api, given, cursor)
    if not response.ok and response.status != _INVALID:
        raise CallFailed(response)
    following = response.body.get("next_cursor") if response.ok else None
    return page(
        request,
        "packages.html",
        status=200 if response.ok else response.status,
        section="packages",
        searched=given["q"],
        given=given,
        items=response.body["items"] if response.ok else [],
        problem=None if response.ok else _mistake(given, response),
        next_page=url("/ui/packages", **given, cursor=following) if following else None,
        first_page=url("/ui/packages", **given) if cursor else None,
        types=TYPES,
        statuses=STATUSES,
        orders=ORDERS,
        safeties=SAFETIES,
        similar=response.ok and any(item.get("match", {}).get("similar") for item in response.body["items"]),
    )


async def _find(api: Api, given: Mapping[str, str], cursor: str | None) -> ApiResponse:
    narrowed = {name: given[name] or None for name in ("type", "status", "tag", "license", "safety")}
    shared = {"limit": _PAGE_ITEMS, "cursor": cursor, "include": "rating"}
    if given["q"] and given["regex"]:
        body = {"regex": given["q"], **narrowed}
        return await api.call("POST", "/package/byRegEx", query=shared, json=body)
    if given["q"]:
        return await api.get("/search", q=given["q"], **shared, **narrowed)
    chosen = {name: given[name] for name in ("name", "owner", "order", "min_net_score")}
    return await api.get("/packages", **shared, **narrowed, **chosen)


def _mistake(given: Mapping[str, str], response: ApiResponse) -> dict[str, Any]:
    """What is wrong with the search, and where in a regular expression."""
    position = response.body.get("position")
    errors = response.field_errors()
    text = "; ".join(f"{name}: {detail}" for name, detail in errors.items() if name) or response.detail
    return {"text": text, "position": position, "pattern": given["q"] if position is not None else None}
