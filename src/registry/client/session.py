"""A connection to one registry: signing in and out, who is signed in, and whether the registry works."""

from types import TracebackType
from typing import Self

from registry.client.models import Document, Readiness, Token
from registry.client.tokens import Identity
from registry.client.transport import Transport, read


class Session:
    """What every client of a registry can do, whatever it is for. An async context manager."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def login(self, username: str, password: str) -> Token:
        """Sign in; the token serves this client from now on. Raises NotSignedIn on a wrong name or password."""
        form = {"grant_type": "password", "username": username, "password": password}
        token = read(await self._transport.call("POST", "/auth/token", data=form), Token.from_json)
        self._transport.token = token.access_token
        return token

    async def logout(self) -> None:
        """Revoke this client's token."""
        await self._transport.call("DELETE", "/auth/token")
        self._transport.token = None

    async def whoami(self) -> Identity:
        """Who this client's token speaks for, and what it may do. Raises NotSignedIn."""
        return read(await self._transport.call("GET", "/whoami"), Identity.from_json)

    async def health(self) -> Document:
        """`{"status": "ok", "version": …}` from a registry that is alive. Needs no token."""
        return read(await self._transport.call("GET", "/health"), dict)

    async def ready(self) -> Readiness:
        """Whether each component works now. Needs no token; asked once, since 503 is an answer here."""
        response = await self._transport.call("GET", "/health/ready", expected=(503,))
        return Readiness(response.status_code == 200, read(response, dict))
