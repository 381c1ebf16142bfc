"""Publishing from the browser. The form is sent by a script, to the same API that every client uses."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.pages.find import TYPES
from registry.web.rendering import page
from registry.web.routing import page_route


def routes() -> list[Route]:
    return [page_route("/ui/publish", show_publish)]


async def show_publish(request: Request, api: Api) -> Response:
    whoami = await api.read("/whoami")
    allowed = bool({"upload", "admin"} & set(whoami["permissions"]))
    return page(request, "publish.html", section="publish", allowed=allowed, types=TYPES)
