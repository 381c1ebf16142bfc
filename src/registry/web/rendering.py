"""Templates, the headers of every page, and the static files."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from registry.web.api_calls import ApiResponse
from registry.web.badges import net_score, safety_badge, score_bar, status_badge
from registry.web.sessions import csrf_token, session_token

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
    "Vary": "Cookie",
}
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_URL = re.compile(r"https?://[^\s<>\"')\]]+[^\s<>\"')\].,;:]")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_BYTES_PER_STEP = 1024

MESSAGES = {
    "signed-out": "You are signed out.",
    "password": "The password is changed. Sign in with the new one.",
    "user-added": "The user is added.",
    "user-removed": "The user is removed.",
    "permissions": "The permissions are changed.",
    "webhook-removed": "The webhook is removed.",
    "webhook-tested": "A test delivery is on its way.",
    "rated": "A new rating is requested. It appears here when it is ready.",
    "status": "The status is changed.",
    "deleted": "The package is deleted.",
    "name": "The name is changed.",
    "released": "The drafts are released.",
    "token-revoked": "The token is revoked.",
}
"""What a page says after a change, by the name in `?done=`: a link cannot put its own words on a page."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    media_type: str
    version: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every static file by name, read once. Its address holds its digest, so browsers may keep it forever."""
    found = {}
    for file in files("registry.web").joinpath("static").iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in _MEDIA_TYPES:
            body = file.read_bytes()
            found[file.name] = StaticFile(body, _MEDIA_TYPES[suffix], hashlib.sha256(body).hexdigest()[:16])
    return found


async def serve_static(request: Request) -> Response:
    file = static_files().get(request.path_params["name"])
    if file is None or request.path_params["version"] != file.version:
        return Response(status_code=404)
    return Response(
        file.body,
        media_type=file.media_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"},
    )


def static_url(name: str) -> str:
    return f"/ui/static/{static_files()[name].version}/{name}"


def shown_size(size: float) -> str:
    """A number of bytes for people, such as `79.6 MiB`."""
    for unit in _UNITS:
        if size < _BYTES_PER_STEP or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _BYTES_PER_STEP
    raise AssertionError("the last unit has no end")


def shown_time(value: str | None) -> Markup:
    """An RFC 3339 timestamp as a `time` element that shows the minute."""
    if not value:
        return Markup("–")
    return Markup('<time datetime="{0}">{1} UTC</time>').format(value, value[:16].replace("T", " "))


def shown_score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"


def linked(text: str) -> Markup:
    """Text in which web addresses are links."""
    pieces, place = [], 0
    for match in _URL.finditer(text):
        pieces += [escape(text[place : match.start()])]
        pieces += [Markup('<a href="{0}" rel="nofollow noopener ugc">{0}</a>').format(match.group())]
        place = match.end()
    return Markup("").join([*pieces, escape(text[place:])])


def url(path: str, **query: Any) -> str:
    """A path with query parameters; those that are None or empty are left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return quote(path) + (f"?{urlencode(given)}" if given else "")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("registry.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": shown_size, "time": shown_time, "score": shown_score, "linked": linked}
    environment.globals |= {"static": static_url, "url": url, "package_url": package_url}
    environment.globals |= {"score_bar": score_bar, "net_score": net_score}
    environment.globals |= {"status_badge": status_badge, "safety_badge": safety_badge}
    return environment


def package_url(package_id: str, tab: str = "") -> str:
    return f"/ui/package/{quote(package_id)}" + (f"/{tab}" if tab else "")


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the web interface. `values` are the template's; the frame's come from the request."""
    user = getattr(request.state, "user", None)
    html = (
        _environment()
        .get_template(template)
        .render(
            user=user,
            csrf=csrf_token(
                session_token(request) if user else None
            ),  # a session that has ended is removed with this response
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            message=MESSAGES.get(request.query_params.get("done", "")),
            **values,
        )
    )
    return HTMLResponse(html, status, headers=PAGE_HEADERS)


def problem_page(request: Request, response: ApiResponse) -> Response:
    """What the API refused, for people."""
    body = response.body if isinstance(response.body, dict) else {}
    return page(request, "problem.html", status=response.status, problem=body)


def see_other(path: str, **query: Any) -> Response:
    """After a change: the page to look at, so that a reload changes nothing again."""
    return RedirectResponse(url(path, **query), 303, headers={"Cache-Control": "no-store"})
