"""Swagger UI and ReDoc, with all their parts served from here: no outside host is asked for anything.

The addresses in the pages are relative, so that they hold behind a proxy that serves the registry under a prefix.
"""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from registry.api.caching import caching_of

_POLICY = {
    # Both pages make style sheets at run time, and ReDoc searches in a worker. It would also load its maker's logo from
    # a CDN: refused, it shows none.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" type="image/png" href="docs/assets/favicon.png">
"""
_SWAGGER_UI = f"""{_HEAD}<title>Registry – Swagger UI</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
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
_REDOC = f"""{_HEAD}<title>Registry – ReDoc</title>
<style>body {{ margin: 0; }}</style>
</head>
<body>
<redoc spec-url="openapi.json"></redoc>
<script src="docs/assets/redoc.standalone.js"></script>
</body>
</html>
"""


class _Assets(StaticFiles):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caching_of(scope).for_all = True
        await super().__call__(scope, receive, send)


def add_documentation_pages(app: FastAPI) -> None:
    """Serve `/docs` and `/redoc`. The scripts come from the installed package fastapi-offline, of which nothing else
    is used.
    """

    async def swagger_ui(request: Request) -> Response:
        caching_of(request.scope).for_all = True
        return HTMLResponse(_SWAGGER_UI, headers=_POLICY)

    async def start(request: Request) -> Response:
        caching_of(request.scope).for_all = True
        return Response(_START, media_type="text/javascript", headers=_POLICY)

    async def redoc(request: Request) -> Response:
        caching_of(request.scope).for_all = True
        return HTMLResponse(_REDOC, headers=_POLICY)

    app.mount("/docs/assets", _Assets(directory=Path(str(files("fastapi_offline") / "static"))), name="assets")
    app.add_route("/docs", swagger_ui, include_in_schema=False)
    app.add_route("/docs/start.js", start, include_in_schema=False)
    app.add_route("/redoc", redoc, include_in_schema=False)
