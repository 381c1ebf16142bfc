"""API tokens, and who a token speaks for."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from registry.client.models import Document
from registry.client.paging import walk
from registry.client.transport import Transport, read


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token. `token` is there only in the answer that made it, `prefix` and `last_used_at` only in lists.

    `last_used_at` may be five minutes late. `expires_at` None: it does not expire.
    """

    id: str
    name: str
    permissions: tuple[str, ...]
    packages: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    token: str | None = field(default=None, repr=False)
    prefix: str | None = None
    last_used_at: datetime | None = None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["id"],
            members["name"],
            tuple(members["permissions"]),
            tuple(members["packages"]),
            datetime.fromisoformat(members["created_at"]),
            _time(members["expires_at"]),
            members.get("token"),
            members.get("prefix"),
            _time(members.get("last_used_at")),
            members,
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for. `kind` is `session` or `api`; `packages` are patterns of the names that it sees."""

    name: str
    permissions: tuple[str, ...]
    kind: str
    packages: tuple[str, ...]
    expires_at: datetime | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        token = members["token"]
        return cls(
            members["name"],
            tuple(members["permissions"]),
            token["kind"],
            tuple(token["packages"]),
            _time(token["expires_at"]),
            members,
        )


class Tokens:
    """`client.tokens`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        name: str,
        permissions: Iterable[str],
        *,
        packages: Sequence[str] | None = None,
        expires_in_seconds: int | None = None,
    ) -> ApiToken:
        """Make a token; its text is in `token` of this answer only. `packages` are patterns such as `acme/*`.

        Raises InvalidRequest.
        """
        body: dict[str, Any] = {"name": name, "permissions": list(permissions), "expires_in": expires_in_seconds}
        if packages is not None:
            body["packages"] = list(packages)
        return read(await self._transport.call("POST", "/tokens", json=body), ApiToken.from_json)

    def list_all(self, *, user: str | None = None, page_size: int = 200) -> AsyncIterator[ApiToken]:
        """Your tokens, newest first; administrators may name another user. Raises NotFound."""
        return walk(self._transport, "/tokens", ApiToken.from_json, params={"user": user}, page_size=page_size)

    async def revoke(self, token_id: str) -> None:
        """End a token, from the next request on. Raises NotFound."""
        await self._transport.call("DELETE", f"/tokens/{quote(token_id, safe='')}")
