"""Cache-Control and Vary of every response, by one rule (RFC 9111, RFC 5861)."""

from starlette.types import Scope

Header = tuple[bytes, bytes]
NO_STORE = {"Cache-Control": "no-store"}
"""For what holds a secret."""
_PUBLIC_LINE = (b"cache-control", b"public, max-age=0, s-maxage=60, stale-while-revalidate=60")
# A shared cache may be a minute late, also with what was deleted.
_PRIVATE_LINE = (b"cache-control", b"private, no-cache")
_NO_STORE_LINE = (b"cache-control", b"no-store")
_IMMUTABLE = b"max-age=31536000, immutable"
_VARY_LINE = (b"vary", b"Authorization, X-Authorization")
_SHARED_STATUSES = frozenset({200, 203, 204, 206, 301, 304, 308})
_SCOPE_KEY = "registry.caching"


class Caching:
    """What the handling of a request finds out about how long its response may be kept."""

    # Defaults of the class: every request makes one, and few change much.
    by_caller = False
    """The response depends on who asks: a token was looked for."""
    for_all = False
    """No token is needed, ever, and the response is true for longer than this moment."""
    anonymous = False
    """There was none, and the response is what everybody may see."""
    immutable = False
    """These bytes never change under their URL."""

    def headers(self, status: int, *, chosen: bool) -> tuple[Header, ...]:
        """Cache-Control, unless the route has `chosen` it, and Vary."""
        if chosen:
            return (_VARY_LINE,) if self.by_caller else ()
        return (_VARY_LINE, self._cache_control(status)) if self.by_caller else (self._cache_control(status),)

    def is_shared(self, status: int) -> bool:
        """Whether caches may give the response to others."""
        return (self.for_all or self.anonymous) and status in _SHARED_STATUSES

    def _cache_control(self, status: int) -> Header:
        if status >= 400 or not (self.by_caller or self.for_all):
            return _NO_STORE_LINE
        shared = self.is_shared(status)
        if self.immutable and status in _SHARED_STATUSES:
            return b"cache-control", (b"public, " if shared else b"private, ") + _IMMUTABLE
        return _PUBLIC_LINE if shared else _PRIVATE_LINE


def begin_caching(scope: Scope) -> Caching:
    caching = scope[_SCOPE_KEY] = Caching()
    return caching


def caching_of(scope: Scope) -> Caching:
    """The request's; routes and authentication note in it what they know."""
    caching: Caching = scope[_SCOPE_KEY]
    return caching
