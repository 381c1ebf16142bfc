"""A package's rating: every metric with its weight, score and evidence."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, CallFailed
from registry.web.pages.packages import findings_by_file, name_path, package_page, read_package
from registry.web.rendering import package_url, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form

_OK = 200
_AUDITED = 200
_CHANGES = {"create": "published", "update": "changed", "rate": "rated", "status": "status changed"}
"""What can give a package another rating, and the ratings themselves."""


def routes() -> list[Route]:
    return [
        page_route("/ui/package/{id}/rating", show_rating),
        page_route("/ui/package/{id}/rating/receipt", download_receipt),
        page_route("/ui/package/{id}/rate", rate_again, methods=("POST",)),
    ]


async def show_rating(request: Request, api: Api) -> Response:
    package = await read_package(request, api)
    response = await api.get(f"/package/{package['id']}/rate")
    if not response.ok:
        raise CallFailed(response)
    rating = response.body if response.status == _OK else None
    metrics = sorted(rating["metrics"].items(), key=lambda item: (-item[1]["weight"], item[0])) if rating else []
    findings = findings_by_file(rating["findings"]) if rating else []
    history = await _history(package, api) if rating else {}
    again = request.query_params.get("done") == "rated"
    return package_page(
        request,
        package,
        "rating.html",
        "rating",
        rating=rating,
        metrics=metrics,
        findings=findings,
        again=again,
        **history,
    )


async def _history(package: dict[str, Any], api: Api) -> dict[str, Any]:
    """The ratings of the name's versions, and what led to this one's."""
    named = await api.get(name_path(package))
    audit = await api.get(f"/package/{package['id']}/audit", limit=_AUDITED)
    return {
        "versions": named.body["versions"] if named.ok else [],
        "events": [entry for entry in audit.body["items"] if entry["action"] in _CHANGES] if audit.ok else [],
        "changes": _CHANGES,
        "older": audit.body["next_cursor"] if audit.ok else None,
    }


async def download_receipt(request: Request, api: Api) -> Response:
    receipt = await api.read(f"/package/{request.path_params['id']}/rate/receipt")
    name = f"receipt-{request.path_params['id']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(orjson.dumps(receipt), media_type="application/json", headers=headers)


async def rate_again(request: Request, api: Api) -> Response:
    await read_form(request)
    response = await api.call("POST", f"/package/{request.path_params['id']}/rate")
    if not response.ok:
        return problem_page(request, response)
    return see_other(package_url(request.path_params["id"], "rating"), done="rated")
