"""The documentation as a book under `/help`: what `make book` built, as files."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from registry.api.caching import caching_of

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
    """Serves the folder; where there is none yet, a problem that says how it is made."""

    def __init__(self, folder: Path = BOOK) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._folder.is_dir():
            raise HTTPException(
                404, "The book was not built here; `make book` does it. Its pages are in the folder docs."
            )
        caching_of(scope).for_all = True

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._files(scope, receive, with_policy)


async def _to_book(request: Request) -> Response:
    return RedirectResponse(request.url.path + "/", 307, headers={"Cache-Control": "no-store"})


def add_help(app: Starlette) -> None:
    """Serve the book under `/help/`."""
    app.router.routes.extend(
        [Route("/help", _to_book, include_in_schema=False), Mount("/help", Book(), name="help")],
    )
