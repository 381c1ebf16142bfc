"""Users and their permissions; most of it is for administrators."""

from collections.abc import AsyncIterator, Iterable
from urllib.parse import quote

from registry.client.models import User
from registry.client.paging import walk
from registry.client.transport import Transport, read


class Users:
    """`client.users`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_all(self, *, page_size: int = 200) -> AsyncIterator[User]:
        """Every user, by name."""
        return walk(self._transport, "/users", User.from_json, page_size=page_size)

    async def add(self, name: str, password: str, *, permissions: Iterable[str]) -> User:
        """Add a user with some of upload, search, download and admin. Raises Conflict when the name is taken,
        InvalidRequest for a name or password that the rules refuse."""
        body = {"name": name, "password": password, "permissions": list(permissions)}
        return read(await self._transport.call("POST", "/users", json=body), User.from_json)

    async def set_permissions(self, name: str, permissions: Iterable[str]) -> User:
        """Give exactly these permissions, from the next request on. Raises NotFound."""
        body = {"permissions": list(permissions)}
        return read(await self._transport.call("PUT", f"{_path(name)}/permissions", json=body), User.from_json)

    async def set_password(
        self, name: str, new_password: str, *, current_password: str | None = None, revoke_tokens: bool = False
    ) -> None:
        """Change a password and end the user's sessions, with `revoke_tokens` their API tokens too.

        Administrators need no `current_password`.

        Raises NotFound, InvalidRequest; NotAllowed also when `current_password` is wrong.
        """
        body: dict[str, str | bool] = {"new_password": new_password}
        if revoke_tokens:
            body["revoke_tokens"] = True
        if current_password is not None:
            body["current_password"] = current_password
        await self._transport.call("PUT", f"{_path(name)}/password", json=body)

    async def delete(self, name: str) -> None:
        """Remove a user and their tokens; their packages stay. Raises NotFound."""
        await self._transport.call("DELETE", _path(name))


def _path(name: str) -> str:
    return f"/users/{quote(name, safe='')}"
