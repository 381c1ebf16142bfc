"""Cookie sessions, and the protection of what they may do against requests that other sites cause.

The cookie holds the session's token, which scripts never see (HttpOnly). A change needs two proofs besides it: the
browser says that the request comes from this site (`Origin`), and the request carries a CSRF token, which is derived
from the session and therefore unknown to other sites.
"""

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

COOKIE = "registry_session"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = b"x-csrf-token"
API_PREFIX = "/ui/api"
"""Scripts reach the API here with the cookie instead of a token."""

_COOKIE_PATH = "/ui"
_MAX_FORM_BYTES = 64 * 1024
_MAX_FORM_FIELDS = 100
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class FormRefused(Exception):
    """A form that did not come from a page of this registry, or is too large."""


def session_token(request: Request) -> str | None:
    """The token in the request's session cookie. It may have expired: the API decides."""
    return request.cookies.get(COOKIE) or None


def start_session(response: Response, request: Request, token: str, *, seconds: int) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        path=_COOKIE_PATH,
        httponly=True,
        samesite="lax",
        secure=request.scope["scheme"] == "https",
    )


def end_session(response: Response) -> None:
    response.delete_cookie(COOKIE, path=_COOKIE_PATH, httponly=True, samesite="lax")


def csrf_token(session: str | None) -> str:
    """What forms and scripts of this session send with a change; without a session it is of no use."""
    digest = hashlib.sha256(b"csrf\0" + (session or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our pages sent. Raises FormRefused."""
    if not _same_origin(request.scope):
        raise FormRefused("The form was sent from another site. Open the page here and try again.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise FormRefused("The form is too large.")
    try:
        fields = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS, errors="strict")
        )
    except ValueError:
        raise FormRefused("The form cannot be read.") from None
    if not hmac.compare_digest(fields.pop(CSRF_FIELD, "").encode(), csrf_token(session_token(request)).encode()):
        raise FormRefused("The page has expired. Load it again, then repeat the change.")
    return fields


def with_session_as_token(scope: Scope) -> Scope:
    """A request for `/ui/api/…` as the request to the API that it stands for.

    The session becomes the request's token if the method changes nothing, or if the request proves that it comes from
    one of our pages. Otherwise the API sees a request without a token and answers as it does to those.
    """
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"cookie", b"authorization")]
    session = session_token(Request(scope))
    if session and (scope["method"] in _SAFE_METHODS or _proves_itself(scope, session)):
        headers.append((b"authorization", b"Bearer " + session.encode("latin-1", "ignore")))
    path = scope["path"].removeprefix(API_PREFIX)
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": path, "raw_path": raw_path.removeprefix(API_PREFIX.encode()), "headers": headers}


def _proves_itself(scope: Scope, session: str) -> bool:
    given = next((value for name, value in scope["headers"] if name == CSRF_HEADER), b"")
    return _same_origin(scope) and hmac.compare_digest(given, csrf_token(session).encode())


def _same_origin(scope: Scope) -> bool:
    """Browsers send `Origin` with every POST. Hosts are compared, not schemes: a proxy may end TLS before us."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1")
