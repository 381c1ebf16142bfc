"""A package's rating: every metric with its weight, score and evidence."""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, CallFailed
from registry.web.pages.packages import package_page
from registry.web.rendering import package_url, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form


def routes() -> list[Route]:
    return [
        page_route("/ui/package/{id}/rating", show_rating),
        page_route("/ui/package/{id}/rating/receipt", download_receipt),
        page_route("/ui/package/{id}/rate", rate_again, methods=("POST",)),
    ]


async def show_rating(request: Request, api: Api) -> Response:
    response = await api.get(f"/package/{request.path_params['id']}/rate")
    if not response.ok:
        raise CallFailed(response)
    rating = response.body if "metrics" in response.body else None
    metrics = sorted(rating["metrics"].items(), key=lambda item: (-item[1]["weight"], item[0])) if rating else []
    return await package_page(request, api, "rating.html", "rating", rating=rating, metrics=metrics)


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
