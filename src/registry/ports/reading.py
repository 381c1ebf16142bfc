"""The read that is most of the load: a package by id, for a token."""

from typing import NamedTuple, Protocol

from registry.domain.accounts import Grant, Session
from registry.ports.packages import PackageDocument


class DocumentForSession(NamedTuple):
    """As `AccountStore.find_session` and `PackageStore.find_document` answer. Whether one may see the other is open."""

    session: Session | None
    document: PackageDocument | None


class DocumentForGrant(NamedTuple):
    """As `ApiTokenStore.find_grant` and `PackageStore.find_document` answer. Whether one may see the other is open."""

    grant: Grant | None
    document: PackageDocument | None


class DocumentReader(Protocol):
    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        """The session and the package as of this moment, in one call to the engine. Raises Unavailable."""

    async def find_for_grant(self, package_id: str, *, digest: str) -> DocumentForGrant:
        """The API token and the package as of this moment, in as many calls as `find_grant`. Raises Unavailable."""
