"""The hot read in DynamoDB: everything that decides it in one BatchGetItem."""

from registry.adapters.dynamodb import keys, records
from registry.adapters.dynamodb.accounts import session_of
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.records import attribute
from registry.ports.reading import DocumentForSession


class DynamoDocumentReader:
    """Implements `DocumentReader`."""

    def __init__(self, table: DynamoTable, packages: DynamoPackageStore) -> None:
        self._table = table
        self._packages = packages

    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        wanted = [
            keys.account_key(user),
            keys.token_key(token_id),
            keys.record_key(package_id),
            keys.readme_key(package_id),
        ]
        found = {attribute(item, "sk"): item for item in await self._table.batch_get(wanted)}
        session = session_of(user, found.get("account"), found.get("token"))
        record, readme = found.get("record"), found.get("readme")
        if record is None:
            return DocumentForSession(session, None)
        if "in_release" not in record and records.fits(record, readme):
            return DocumentForSession(session, records.read_document(record, readme))
        # A change was being written between the two reads, or the package is part of a release.
        return DocumentForSession(session, await self._packages.find_document(package_id))
