"""Manifests and unpacked files: where they are, who uses them, who makes them."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT
from registry.domain.errors import Unavailable
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.derived import MOST_USERS, DerivedKey, DerivedKind, DerivedLease, DerivedRecord

_OWN = "claim_token = :token"
_TRIES = 10


class DynamoDerivedStore:
    """Implements `DerivedStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def find(self, key: DerivedKey) -> DerivedRecord | None:
        item = await self._table.get(_key(key))
        return None if item is None else _read(item)

    async def lease(self, key: DerivedKey, *, token: str, now: datetime, until: datetime) -> DerivedLease | None:
        present = await self._table.get(_claim_key(key))
        attempts, condition, values = 1, ABSENT, None
        if present is not None:
            if int(attribute(present, "ends_at", "N")) > to_microseconds(now):
                return None
            attempts = int(attribute(present, "attempts", "N")) + 1
            condition, values = _OWN, {":token": present["claim_token"]}
        lease = DerivedLease(key, token, attempts)
        put = self._table.put(_lease_item(lease, until), condition=condition, values=values)
        return lease if await self._holds([put]) else None

    async def extend(self, lease: DerivedLease, *, until: datetime) -> bool:
        return await self._replace_lease(lease, until)

    async def finish(self, lease: DerivedLease, record: DerivedRecord) -> str | None:
        for _ in range(_TRIES):
            before = await self.find(record.key)
            end = self._table.delete(_claim_key(lease.key), condition=_OWN, values={":token": text(lease.token)})
            users = record.users if before is None else frozenset(sorted(record.users | before.users)[:MOST_USERS])
            actions = [end, self._put(_item(record, users), before)]
            if record.blob_key is not None:
                actions.append(self._table.put({**keys.blob_key(record.blob_key), "id": text(record.key.sha256)}))
            left = None if before is None else before.blob_key
            if left is not None:
                actions.append(self._table.delete(keys.blob_key(left)))
            try:
                await self._table.transact(actions)
            except ConditionFailed as failed:
                if 0 in failed.items:
                    return record.blob_key
                continue
            return left
        raise Unavailable("The record is being changed by many others.")

    async def give_back(self, lease: DerivedLease, *, counted: bool) -> None:
        attempts = lease.attempts if counted else lease.attempts - 1
        if attempts == 0:
            own: Item = {":token": text(lease.token)}
            await self._holds([self._table.delete(_claim_key(lease.key), condition=_OWN, values=own)])
            return
        await self._replace_lease(DerivedLease(lease.key, lease.token, attempts), from_microseconds(0))

    async def add_user(self, key: DerivedKey, user: str) -> bool:
        for _ in range(_TRIES):
            record = await self.find(key)
            if record is None:
                return False
            if user in record.users or len(record.users) >= MOST_USERS:
                return True
            if await self._holds([self._put(_item(record, record.users | {user}), record)]):
                return True
        raise Unavailable("The record is being changed by many others.")

    async def drop_users(self, key: DerivedKey, users: Collection[str]) -> str | None:
        for _ in range(_TRIES):
            record = await self.find(key)
            if record is None:
                return None
            left = record.users - frozenset(users)
            if left == record.users:
                return None
            actions = [self._put(_item(record, left), record)] if left else self._removal(record)
            if await self._holds(actions):
                return None if left else record.blob_key
        raise Unavailable("The record is being changed by many others.")

    async def remove(self, record: DerivedRecord) -> bool:
        for _ in range(_TRIES):
            found = await self.find(record.key)
            if found is None or found.blob_key != record.blob_key:
                return False
            if await self._holds(self._removal(found)):
                return True
        raise Unavailable("The record is being changed by many others.")

    async def list_records(self) -> AsyncIterator[DerivedRecord]:
        values: Item = {":manifest": text(DerivedKind.MANIFEST), ":file": text(DerivedKind.FILE)}
        async for items in self._table.scan("sk = :manifest OR sk = :file", values):
            for item in items:
                yield _read(item)

    def _put(self, item: Item, before: DerivedRecord | None) -> Action:
        """Put the item where the record is still as it was read."""
        if before is None:
            return self._table.put(item, condition=ABSENT)
        condition, values = _unchanged(before)
        return self._table.put(item, condition=condition, values=values)

    def _removal(self, record: DerivedRecord) -> list[Action]:
        condition, values = _unchanged(record)
        actions = [self._table.delete(_key(record.key), condition=condition, values=values)]
        if record.blob_key is not None:
            actions.append(self._table.delete(keys.blob_key(record.blob_key)))
        return actions

    async def _replace_lease(self, lease: DerivedLease, ends_at: datetime) -> bool:
        own: Item = {":token": text(lease.token)}
        return await self._holds([self._table.put(_lease_item(lease, ends_at), condition=_OWN, values=own)])

    async def _holds(self, actions: list[Action]) -> bool:
        """Carry the actions out. False, and nothing is done, where a condition does not hold."""
        try:
            await self._table.transact(actions)
        except ConditionFailed:
            return False
        return True


def _unchanged(record: DerivedRecord) -> tuple[str, Item]:
    """The condition that the record has the same users and the same blob."""
    users: Item = {":users": {"SS": sorted(record.users)}}
    if record.blob_key is None:
        return "used_by = :users AND attribute_not_exists(blob_key)", users
    return "used_by = :users AND blob_key = :blob", {**users, ":blob": text(record.blob_key)}


def _key(key: DerivedKey) -> Item:
    return keys.derived_key(key.kind, key.sha256)


def _claim_key(key: DerivedKey) -> Item:
    return keys.derived_key(f"{key.kind} lease", key.sha256)


def _lease_item(lease: DerivedLease, ends_at: datetime) -> Item:
    return {
        **_claim_key(lease.key),
        "claim_token": text(lease.token),
        "ends_at": number(to_microseconds(ends_at)),
        "attempts": number(lease.attempts),
    }


def _item(record: DerivedRecord, users: frozenset[str]) -> Item:
    texts = {
        "blob_key": record.blob_key,
        "blob_sha256": record.blob_sha256,
        "problem": record.problem or None,
        "path": record.path,
    }
    return {
        **_key(record.key),
        "used_by": {"SS": sorted(users)},
        "reader_version": number(record.reader_version),
        **({} if record.crc32 is None else {"crc32": number(record.crc32)}),
        **{name: text(value) for name, value in texts.items() if value is not None},
    }


def _read(item: Item) -> DerivedRecord:
    texts = {name: item[name]["S"] for name in ("blob_key", "blob_sha256", "problem", "path") if name in item}
    return DerivedRecord(
        DerivedKey(DerivedKind(attribute(item, "sk")), attribute(item, "pk").removeprefix("H#")),
        frozenset(item["used_by"].get("SS", ())),
        int(attribute(item, "reader_version", "N")),
        blob_key=texts.get("blob_key"),
        blob_sha256=texts.get("blob_sha256"),
        problem=texts.get("problem", ""),
        path=texts.get("path"),
        crc32=int(attribute(item, "crc32", "N")) if "crc32" in item else None,
    )
