"""Adds the web interface to the application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from registry.web.pages import account, admin, find, health, lineage, packages, publish, ratings
from registry.web.rendering import serve_static


async def _to_start_page(_request: Request) -> Response:
    return RedirectResponse("/ui", 307, headers={"Cache-Control": "no-store"})


def add_web_interface(app: Starlette) -> None:
    """Serve the pages under `/ui`, and redirect `/` to them."""
    app.router.routes.extend(
        [
            Route("/", _to_start_page, include_in_schema=False),
            Route("/ui/static/{version}/{name}", serve_static, include_in_schema=False),
            *find.routes(),
            *packages.routes(),
            *ratings.routes(),
            *lineage.routes(),
            *publish.routes(),
            *account.routes(),
            *admin.routes(),
            *health.routes(),
        ]
    )
