"""Swagger UI and ReDoc under the header of the web interface. All their parts are served from here.

The addresses in the pages are relative, so that they hold behind a proxy that serves the registry under a prefix.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from registry.api.caching import caching_of
from registry.web.rendering import static_files

_ASSETS = Path(str(files("fastapi_offline") / "static"))
_POLICY = {
    # Both pages make style sheets at run time, and ReDoc searches in a worker.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_REDOC_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_LOGO = b"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def _page(title: str, body: str, *, style: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Registry – {title}</title>
<link rel="icon" type="image/svg+xml" href="docs/favicon.svg">
{style}<link rel="stylesheet" href="docs/docs.css">
</head>
<body>
<header class="registry-header"><a class="registry-brand" href="ui">Registry</a>
<nav aria-label="Main"><a href="ui/packages">Packages</a> <a href="ui/publish">Publish</a>
<a href="ui/health">Health</a>
<a href="help/">Help</a> <a href="docs">Swagger UI</a> <a href="redoc">ReDoc</a>
<a href="openapi.json">OpenAPI</a></nav></header>
{body}
</body>
</html>
"""


_SWAGGER_UI = _page(
    "Swagger UI",
    """<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>""",
    style='<link rel="stylesheet" href="docs/assets/swagger-ui.css">\n',
)
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: true,
  validatorUrl: null
});
"""
_REDOC = _page(
    "ReDoc",
    """<redoc spec-url="openapi.json"></redoc>
<script src="docs/redoc.js"></script>""",
)


class _Assets(StaticFiles):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caching_of(scope).for_all = True
        await super().__call__(scope, receive, send)


def _fixed(content: Callable[[], bytes | str], media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose response is the same for everybody."""

    async def answer(request: Request) -> Response:
        caching_of(request.scope).for_all = True
        return Response(content(), media_type=media_type, headers=_POLICY)

    return answer


@cache
def redoc_script() -> bytes:
    """ReDoc without the address of its maker's logo, which it would load from another host."""
    return (_ASSETS / "redoc.standalone.js").read_bytes().replace(_REDOC_LOGO, _NO_LOGO)


def _own(name: str) -> Route:
    file = static_files()[name]
    return Route(f"/docs/{name}", _fixed(lambda: file.body, file.media_type), include_in_schema=False)


def add_documentation_pages(app: Starlette) -> None:
    """Serve `/docs` and `/redoc`. The scripts come from the installed package fastapi-offline, of which nothing else
    is used.
    """
    app.router.routes.extend(
        [
            Mount("/docs/assets", _Assets(directory=_ASSETS), name="assets"),
            Route("/docs", _fixed(lambda: _SWAGGER_UI, "text/html"), include_in_schema=False),
            Route("/docs/start.js", _fixed(lambda: _START, "text/javascript"), include_in_schema=False),
            Route("/docs/redoc.js", _fixed(redoc_script, "text/javascript"), include_in_schema=False),
            Route("/redoc", _fixed(lambda: _REDOC, "text/html"), include_in_schema=False),
            _own("docs.css"),
            _own("favicon.svg"),
        ]
    )
