"""The hot read in SQLite: two point reads in the event loop."""

from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.ports.reading import DocumentForSession


class SqliteDocumentReader:
    """Implements `DocumentReader`."""

    def __init__(self, accounts: SqliteAccountStore, packages: SqlitePackageStore) -> None:
        self._accounts = accounts
        self._packages = packages

    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        session = await self._accounts.find_session(user, token_id)
        return DocumentForSession(session, await self._packages.find_document(package_id))
