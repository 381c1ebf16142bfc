"""The hot path: who asks and what they ask for, read together."""

from registry.domain.accounts import Caller
from registry.ports.packages import PackageDocument, PackageStore
from registry.ports.reading import DocumentReader
from registry.services.accounts.sessions import Sessions, TokenDigest, caller_of


class Reading:
    def __init__(self, sessions: Sessions, reader: DocumentReader, packages: PackageStore) -> None:
        self._sessions = sessions
        self._reader = reader
        self._packages = packages

    async def find(self, token: str | None, package_id: str) -> tuple[Caller, PackageDocument | None]:
        """The caller behind a token and the package, not yet checked one against the other (see `visible`).

        Raises Unauthenticated.
        """
        credential = self._sessions.credential_of(token)
        if credential is None:
            return self._sessions.anonymous, await self._packages.find_document(package_id)
        if isinstance(credential, TokenDigest):
            grant, document = await self._reader.find_for_grant(package_id, digest=credential.value)
            return self._sessions.caller_of_grant(grant), document
        session, document = await self._reader.find_for_session(
            package_id, user=credential.user, token_id=credential.id
        )
        return caller_of(credential, session), document
