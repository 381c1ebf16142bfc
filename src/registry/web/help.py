"""The documentation under `/help`: the book that `make book` built, else the checkout's pages as they are."""

from pathlib import Path

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from registry.api.caching import caching_of
from registry.web.plain_help import NO_PAGES, PlainHelp, frame

BOOK = Path(__file__).with_name("book")
_HEADERS = (
    # Pages and search of the theme have scripts and styles within; nothing comes from another host.
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Book:
    """Serves the folder; where there is none yet, the plain pages; without them a page that says how they come here."""

    def __init__(self, folder: Path = BOOK, plain: PlainHelp | None = None) -> None:
        self._folder = folder
        self._plain = plain or PlainHelp()
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caching_of(scope).for_all = True

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        if self._folder.is_dir():
            await self._files(scope, receive, with_policy)
        else:
            response = await run_in_threadpool(self._plain_response, self._files.get_path(scope))
            await response(scope, receive, with_policy)

    def _plain_response(self, path: str) -> Response:
        if not self._plain.exists:
            return HTMLResponse(NO_PAGES, 404)
        if file := self._plain.image(path):
            return FileResponse(file)
        page = self._plain.page("index.html" if path == "." else path)
        if page is None:
            missing = Markup("<h1>There is no such page</h1>\n<p>The list of all pages is {}.</p>")
            here = Markup('<a href="{}index.html">here</a>').format("../" * path.count("/"))
            return HTMLResponse(frame("There is no such page", missing.format(here), depth=path.count("/")), 404)
        return HTMLResponse(page)


async def _to_book(request: Request) -> Response:
    return RedirectResponse(request.url.path + "/", 307, headers={"Cache-Control": "no-store"})


def add_help(app: Starlette) -> None:
    """Serve the book under `/help/`."""
    app.router.routes.extend(
        [Route("/help", _to_book, include_in_schema=False), Mount("/help", Book(), name="help")],
    )
