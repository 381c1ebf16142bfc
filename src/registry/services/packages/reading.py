"""The hot path: who asks and what they ask for, read together."""

from registry.domain.accounts import Caller
from registry.ports.packages import PackageDocument
from registry.ports.reading import DocumentReader
from registry.services.accounts.sessions import Sessions, caller_of


class Reading:
    def __init__(self, sessions: Sessions, reader: DocumentReader) -> None:
        self._sessions = sessions
        self._reader = reader

    async def find(self, token: str | None, package_id: str) -> tuple[Caller, PackageDocument | None]:
        """The caller behind a token and the package, not yet checked one against the other (see `visibility.visible`).

        Raises Unauthenticated.
        """
        claims = self._sessions.claims_of(token)
        session, document = await self._reader.find_for_session(package_id, user=claims.user, token_id=claims.id)
        return caller_of(claims, session), document
