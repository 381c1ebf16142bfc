"""Who is asking: from the request's headers to a Caller with a permission."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, get_type_hints

from fastapi import Depends, Request, Security, params
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from starlette.types import Scope

from registry.api.caching import caching_of
from registry.api.state import state_of
from registry.domain.accounts import Caller, Permission
from registry.domain.errors import Throttled
from registry.services.accounts.sessions import require, require_account

_WINDOW_SECONDS = 60
_CALLER = "registry.caller"
_SCHEMES = (
    OAuth2PasswordBearer(
        "/auth/token", scheme_name="password", description="sign in by name and password", auto_error=False
    ),
    APIKeyHeader(
        name="X-Authorization",
        scheme_name="x_authorization",
        description="`bearer <token>`, for clients that cannot set Authorization",
        auto_error=False,
    ),
)


def token_of(scope: Scope) -> str | None:
    """The bearer token of a request, from `Authorization` or, equally, `X-Authorization`.

    Empty, and so no good token, where such a header has something else: only who sends none is anonymous.
    """
    caching_of(scope).by_caller = True
    found = None
    for wanted in (b"authorization", b"x-authorization"):
        for name, value in scope["headers"]:
            if name == wanted:
                scheme, _, token = value.partition(b" ")
                if scheme.lower() == b"bearer":
                    return str(token.strip(), "latin-1")
                found = ""
    return found


async def authenticate(scope: Scope, permission: Permission | None) -> Caller:
    """The caller, who has `permission` (None: any account). Raises Unauthenticated, PermissionDenied, Throttled.

    Within a request the caller is looked up and counted once.
    """
    known: Caller | None = scope.get(_CALLER)
    if known is not None:
        _check(known, permission)
        return known
    state = state_of(scope)
    caller = await state.services.sessions.authenticate(token_of(scope))
    await admit(scope, caller, permission)
    return caller


async def admit(scope: Scope, caller: Caller, permission: Permission | None) -> None:
    """Count the request and check the permission. Raises PermissionDenied, Throttled."""
    scope[_CALLER] = caller
    if caller.token is None:
        caching_of(scope).anonymous = True
    if state_of(scope).limits.requests_per_minute:
        await _count_request(scope, caller)
    _check(caller, permission)


def _check(caller: Caller, permission: Permission | None) -> None:
    if permission is None:
        require_account(caller)
    else:
        require(caller, permission)


async def _count_request(scope: Scope, caller: Caller) -> None:
    state = state_of(scope)
    limit = state.limits.requests_per_minute
    counted = f"address:{client_network(scope)}" if caller.token is None else caller.token.id
    seen = await state.request_attempts.hit(f"requests:{counted}", window_seconds=_WINDOW_SECONDS)
    resets = max(1, round(seen.resets_after_seconds))
    # draft-ietf-httpapi-ratelimit-headers
    scope["added_headers"] += [
        (b"ratelimit-policy", f'"requests";q={limit};w={_WINDOW_SECONDS}'.encode()),
        (b"ratelimit", f'"requests";r={max(0, limit - seen.count)};t={resets}'.encode()),
    ]
    if seen.count > limit:
        raise Throttled(f"More than {limit} requests in a minute. Wait {resets} seconds.", retry_after_seconds=resets)


def client_network(scope: Scope) -> str:
    """Whom requests without a token are counted for: the address, of IPv6 the /64, which is what one client has."""
    host = scope["client"][0] if scope.get("client") else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return host if address.version == 4 else str(ip_network((address, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Allowed:
    """The dependency by which a route declares who may use it: a caller with `permission` (None: any account).

    `by_session` refuses API tokens, whatever their owner may do.
    """

    permission: Permission | None
    by_session: bool = False

    async def __call__(
        self,
        request: Request,
        # The two schemes stand here for the schema only; `authenticate` reads the headers.
        _bearer: Annotated[str | None, Security(_SCHEMES[0])],
        _header: Annotated[str | None, Security(_SCHEMES[1])],
    ) -> Caller:
        return await self.admitted(request.scope)

    async def admitted(self, scope: Scope) -> Caller:
        """The caller. Raises Unauthenticated, PermissionDenied, Throttled."""
        found = await authenticate(scope, None if self.by_session else self.permission)
        if self.by_session:
            require_account(found, by_session=True)
        if self.permission is not None:
            require(found, self.permission)
        return found


def declared(endpoint: Callable[..., Any]) -> Allowed | None:
    """Who may use a route, by the annotations of its function; None where no token is needed."""
    for annotation in get_type_hints(endpoint, include_extras=True).values():
        for extra in getattr(annotation, "__metadata__", ()):
            if isinstance(extra, params.Depends) and isinstance(extra.dependency, Allowed):
                return extra.dependency
    return None


SignedIn = Annotated[Caller, Depends(Allowed(None))]
Searcher = Annotated[Caller, Depends(Allowed(Permission.SEARCH))]
Uploader = Annotated[Caller, Depends(Allowed(Permission.UPLOAD))]
Downloader = Annotated[Caller, Depends(Allowed(Permission.DOWNLOAD))]
SessionUser = Annotated[Caller, Depends(Allowed(None, by_session=True))]
"""What concerns accounts and tokens themselves: API tokens are refused, whatever their owner may do."""
Admin = Annotated[Caller, Depends(Allowed(Permission.ADMIN, by_session=True))]
"""What only admins do by hand: API tokens are refused, those with `admin` too."""
