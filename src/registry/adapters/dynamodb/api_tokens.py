"""API tokens in DynamoDB."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from registry.adapters.dynamodb import account_keys, keys
from registry.adapters.dynamodb.accounts import read_account_id, read_permissions
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.domain.accounts import ApiToken, Grant
from registry.domain.errors import AlreadyExists, NotFound
from registry.domain.name_patterns import NamePatterns

_REMEMBERED_OWNERS = 16_384
_DROPPED_AT_ONCE = 30
_NEWER = "attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at < :at)"


class TokenOwners:
    """Whose a token is: that never changes, so a process that has met a token reads it and the account in one call."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def find(self, digest: str) -> str | None:
        return self._owners.get(digest)

    def remember(self, digest: str, user: str) -> None:
        if len(self._owners) >= _REMEMBERED_OWNERS:
            self._owners.pop(next(iter(self._owners)), None)
        self._owners[digest] = user


def _moment(at: datetime) -> str:
    """A form whose order is that of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _token_items(token: ApiToken) -> list[Item]:
    grant: Item = {
        **account_keys.grant_key(token.digest),
        "id": text(token.id),
        "beginning": text(token.beginning),
        "user": text(token.user),
        "grant_epoch": text(token.grant_epoch),
        "name": text(token.name),
        "permissions": text(" ".join(sorted(token.permissions))),
        "packages": {"L": [text(pattern) for pattern in token.packages.patterns]},
        "created_at": text(_moment(token.created_at)),
    }
    if token.last_used_at is not None:
        grant["last_used_at"] = text(_moment(token.last_used_at))
    entry: Item = {**account_keys.token_entry_key(token.user, token.id), "digest": text(token.digest)}
    by_id: Item = {**account_keys.token_id_key(token.id), "digest": text(token.digest)}
    if token.expires_at is not None:
        grant["expires"] = text(_moment(token.expires_at))
        for item in (grant, entry, by_id):
            item["expires_at"] = number(math.ceil(token.expires_at.timestamp()))
    return [grant, entry, by_id]


def _read_token(item: Item) -> ApiToken:
    expires, last_used = attribute(item, "expires"), attribute(item, "last_used_at")
    return ApiToken(
        id=attribute(item, "id"),
        digest=attribute(item, "pk").removeprefix("G#"),
        beginning=attribute(item, "beginning"),
        user=attribute(item, "user"),
        grant_epoch=attribute(item, "grant_epoch"),
        name=attribute(item, "name"),
        permissions=read_permissions(item),
        packages=NamePatterns(tuple(pattern["S"] for pattern in attribute(item, "packages", "L"))),
        created_at=datetime.fromisoformat(attribute(item, "created_at")),
        expires_at=None if expires is None else datetime.fromisoformat(expires),
        last_used_at=None if last_used is None else datetime.fromisoformat(last_used),
    )


def grant_of(token: Item | None, account: Item | None) -> Grant | None:
    """The grant that a token and its owner's account make; None without one of them."""
    if token is None or account is None:
        return None
    epoch = attribute(account, "grant_epoch") or ""
    return Grant(_read_token(token), read_permissions(account), epoch, read_account_id(account))


class DynamoApiTokenStore:
    """Implements `ApiTokenStore`. A token is in a partition of its own, as an account is."""

    def __init__(self, table: DynamoTable, owners: TokenOwners) -> None:
        self._table = table
        self._owners = owners

    async def add(self, token: ApiToken) -> None:
        taken = AlreadyExists("There is such a token already. Try again.")
        grant, *entries = _token_items(token)
        transaction = Transaction(self._table)
        transaction.put_if(grant, ABSENT, otherwise=lambda _: taken)
        for entry in entries:
            transaction.put(entry)
        await transaction.commit()

    async def find_grant(self, digest: str) -> Grant | None:
        owner = self._owners.find(digest)
        if owner is not None:
            items = await self._table.batch_get([account_keys.grant_key(digest), account_keys.account_key(owner)])
            found = {attribute(item, "sk"): item for item in items}
            return grant_of(found.get("grant"), found.get("account"))
        return await self.complete(await self._table.get(account_keys.grant_key(digest)))

    async def complete(self, grant: Item | None) -> Grant | None:
        """The grant of a token whose owner this process did not know before it read the token."""
        if grant is None:
            return None
        owner = attribute(grant, "user")
        self._owners.remember(attribute(grant, "pk").removeprefix("G#"), owner)
        return grant_of(grant, await self._table.get(account_keys.account_key(owner)))

    async def get(self, token_id: str) -> ApiToken:
        by_id = await self._table.get(account_keys.token_id_key(token_id))
        grant = None if by_id is None else await self._table.get(account_keys.grant_key(attribute(by_id, "digest")))
        if grant is None:
            raise NotFound(f"There is no API token {token_id}.")
        return _read_token(grant)

    async def list_tokens(self, user: str, *, limit: int, after: str | None) -> Sequence[ApiToken]:
        entries, _ = await self._table.query(account_keys.tokens_of(user), after=after, limit=limit, newest_first=True)
        items = await self._table.batch_get([account_keys.grant_key(attribute(entry, "digest")) for entry in entries])
        return sorted(map(_read_token, items), key=lambda token: token.id, reverse=True)

    async def remove(self, token: ApiToken) -> None:
        await self._table.transact([self._table.delete(keys.key_of(item)) for item in _token_items(token)])

    async def drop(self, user: str, *, grant_epoch: str) -> None:
        after = None
        while tokens := await self.list_tokens(user, limit=_DROPPED_AT_ONCE, after=after):
            after = tokens[-1].id
            void = [item for token in tokens if token.grant_epoch == grant_epoch for item in _token_items(token)]
            if void:
                await self._table.transact([self._table.delete(keys.key_of(item)) for item in void])

    async def record_use(self, used: Mapping[str, datetime]) -> None:
        for digest, at in used.items():
            values: Item = {":at": text(_moment(at))}
            update = self._table.update(
                account_keys.grant_key(digest), "SET last_used_at = :at", condition=_NEWER, values=values
            )
            with contextlib.suppress(ConditionFailed):
                await self._table.transact([update])
