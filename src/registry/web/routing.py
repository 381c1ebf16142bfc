"""How a page is made: who asks, what the page's function returns, and what it raises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, ApiResponse, CallFailed
from registry.web.rendering import problem_page, see_other
from registry.web.sessions import FormRefused, end_session, session_token

Page = Callable[[Request, Api], Awaitable[Response]]
_UNAUTHENTICATED = 401


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in, as the frame of every page shows it."""

    name: str
    permissions: tuple[str, ...]


def page_route(path: str, show: Page, *, methods: tuple[str, ...] = ("GET",)) -> Route:
    """A route whose pages know the signed-in user. What the API refuses becomes a page with its reason."""

    async def endpoint(request: Request) -> Response:
        api = Api(request)
        request.state.user, expired = await _user(request, api)
        try:
            response = await show(request, api)
        except CallFailed as failure:
            response = _refused(request, failure.response)
        except FormRefused as refusal:
            response = problem_page(request, ApiResponse.problem(403, "The form was not accepted", str(refusal)))
        if expired:
            end_session(response)
        return response

    return Route(path, endpoint, methods=list(methods))


async def _user(request: Request, api: Api) -> tuple[User | None, bool]:
    """Who is signed in, and whether the session has ended."""
    if session_token(request) is None:
        return None, False
    response = await api.get("/whoami")
    if not response.ok:
        return None, response.status == _UNAUTHENTICATED
    body: dict[str, Any] = response.body
    return User(body["name"], tuple(body["permissions"])), False


def _refused(request: Request, response: ApiResponse) -> Response:
    if response.status == _UNAUTHENTICATED and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return see_other("/ui/sign-in", next=request.url.path + query)
    return problem_page(request, response)
