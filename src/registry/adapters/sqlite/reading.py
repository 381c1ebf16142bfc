"""The hot read in SQLite: one statement in the event loop, which takes the database's locks once."""

from registry.adapters.sqlite.accounts import session_of
from registry.adapters.sqlite.api_tokens import GRANT, GRANT_COLUMNS, read_grant
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import document_of
from registry.ports.reading import DocumentForGrant, DocumentForSession

_READ_FOR_GRANT = f"""SELECT 0, {GRANT_COLUMNS} {GRANT}
    UNION ALL SELECT 1, summary, readme, revision, status, created_by, name, {", ".join(["NULL"] * 8)}
    FROM packages WHERE id = ?"""  # noqa: S608 - fixed texts
_READ = """SELECT 0, permissions, token_epoch, EXISTS (SELECT 1 FROM revoked_tokens WHERE id = ?), id, NULL, NULL
    FROM accounts WHERE name = ?
    UNION ALL SELECT 1, summary, readme, revision, status, created_by, name FROM packages WHERE id = ?"""


class SqliteDocumentReader:
    """Implements `DocumentReader`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        session = document = None
        for is_document, *columns in self._database.fetch_all(_READ, (token_id, user, package_id)):
            if is_document:
                document = document_of(*columns)
            else:
                session = session_of(user, *columns[:4])
        return DocumentForSession(session, document)

    async def find_for_grant(self, package_id: str, *, digest: str) -> DocumentForGrant:
        grant = document = None
        for is_document, *columns in self._database.fetch_all(_READ_FOR_GRANT, (digest, package_id)):
            if is_document:
                document = document_of(*columns[:6])
            else:
                grant = read_grant(columns)
        return DocumentForGrant(grant, document)
