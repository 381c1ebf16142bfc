"""The web interface: its pages and static files."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router

from registry.web.api_calls import Api, ApiResponse
from registry.web.pages import (
    account,
    admin,
    compare,
    files,
    find,
    health,
    lineage,
    names,
    packages,
    publish,
    ratings,
    releases,
)
from registry.web.rendering import problem_page, serve_static
from registry.web.routing import page_route


async def _to_start_page(_request: Request) -> Response:
    return RedirectResponse("/ui", 307, headers={"Cache-Control": "no-store"})


async def _nothing_here(request: Request, _api: Api) -> Response:
    problem = ApiResponse.problem(404, "There is no such page", f"Nothing is at {request.url.path}.")
    return problem_page(request, problem)


def is_page(path: str) -> bool:
    """Whether `pages` serves the path."""
    return path in ("/", "/ui") or path.startswith("/ui/")


def pages() -> Router:
    """The pages under `/ui`; `/` leads to them."""
    return Router(
        [
            Route("/", _to_start_page),
            Route("/ui/static/{version}/{name}", serve_static),
            *find.routes(),
            *packages.routes(),
            *ratings.routes(),
            *files.routes(),
            *lineage.routes(),
            *compare.routes(),
            *names.routes(),
            *publish.routes(),
            *releases.routes(),
            *account.routes(),
            *admin.routes(),
            *health.routes(),
            page_route("/ui/{rest:path}", _nothing_here),
        ],
        redirect_slashes=False,
    )
