"""The hot read in DynamoDB: all that decides it in one BatchGetItem, and the README too unless it is a large one."""

from registry.adapters.dynamodb import account_keys, keys, records
from registry.adapters.dynamodb.accounts import session_of
from registry.adapters.dynamodb.api_tokens import DynamoApiTokenStore, TokenOwners, grant_of
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.records import attribute
from registry.ports.packages import PackageDocument
from registry.ports.reading import DocumentForGrant, DocumentForSession


class DynamoDocumentReader:
    """Implements `DocumentReader`."""

    def __init__(
        self, table: DynamoTable, packages: DynamoPackageStore, tokens: DynamoApiTokenStore, owners: TokenOwners
    ) -> None:
        self._table = table
        self._packages = packages
        self._tokens = tokens
        self._owners = owners

    async def find_for_session(self, package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        found = await self._read(package_id, account_keys.account_key(user), account_keys.token_key(token_id))
        session = session_of(user, found.get("account"), found.get("token"))
        return DocumentForSession(session, await self._document(package_id, found))

    async def find_for_grant(self, package_id: str, *, digest: str) -> DocumentForGrant:
        owner, token = self._owners.find(digest), account_keys.grant_key(digest)
        if owner is not None:
            found = await self._read(package_id, token, account_keys.account_key(owner))
            grant = grant_of(found.get("grant"), found.get("account"))
        else:
            found = await self._read(package_id, token)
            grant = await self._tokens.complete(found.get("grant"))
        return DocumentForGrant(grant, await self._document(package_id, found))

    async def _read(self, package_id: str, *more: Item) -> dict[str, Item]:
        wanted = [*more, keys.record_key(package_id)]
        return {attribute(item, "sk"): item for item in await self._table.batch_get(wanted)}

    async def _document(self, package_id: str, found: dict[str, Item]) -> PackageDocument | None:
        record = found.get("record")
        if record is None:
            return None
        if "in_release" not in record:
            if not records.has_readme_item(record):
                return records.read_document(record, None)
            if (readme := await self._packages.readmes.find(record)) is not None:
                return records.read_document(record, readme)
        # A change was written between the two reads, or the package is part of a release.
        return await self._packages.find_document(package_id)
