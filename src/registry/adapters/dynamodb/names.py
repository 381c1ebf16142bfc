"""Names and namespaces in DynamoDB. Their first package makes them: see `naming`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.adapters.dynamodb import keys, name_keys
from registry.adapters.dynamodb.audit import audit_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.names_migration import find_conflicts, first_principal, migrate_names
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.records import attribute, read_named_version
from registry.adapters.dynamodb.release_ending import get_settled
from registry.adapters.dynamodb.release_view import read_released
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.errors import NotFound, PermissionDenied, RevisionConflict
from registry.domain.names import Name, NamedVersion, Namespace, NameView, Visibility, not_namespace_owner, not_owner
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.versions import Version
from registry.ports.names import NameChange, NameConflict

_Refusal = Callable[[str], PermissionDenied]
_SAME = "revision = :expected AND attribute_not_exists(to_be)"
_SAME_OWNED = f"{_SAME} AND contains(owners, :user)"


def owners_of(item: Item) -> list[str]:
    """The owners that an item of a name or namespace has."""
    return [owner["S"] for owner in attribute(item, "owners", "L") or ()]


def read_name(kind: PackageType, name: str, item: Item) -> Name:
    aliases: Mapping[str, Any] = attribute(item, "aliases", "M") or {}
    return Name(
        kind,
        name,
        tuple(owners_of(item)),
        Visibility(attribute(item, "visibility") or "public"),
        tuple(reader["S"] for reader in attribute(item, "readers", "L") or ()),
        {alias: version["S"] for alias, version in aliases.items()},
        int(attribute(item, "revision", "N")),
    )


def name_item(name: Name) -> Item:
    return {
        **name_keys.name_key(name.type, name.name),
        "owners": {"L": [text(owner) for owner in name.owners]},
        "visibility": text(name.visibility.value),
        "readers": {"L": [text(reader) for reader in name.readers]},
        "aliases": {"M": {alias: text(version) for alias, version in name.aliases.items()}},
        "revision": number(name.revision),
    }


def setting(table: DynamoTable, item: Item, *, condition: str, values: Item) -> Action:
    """The action that sets the attributes of an item and leaves others: what a release wrote there among them."""
    given = {name: value for name, value in item.items() if name not in ("pk", "sk")}
    names = {f"#{name}": name for name in given}
    expression = "SET " + ", ".join(f"#{name} = :to_{name}" for name in given)
    values = {**values, **{f":to_{name}": value for name, value in given.items()}}
    return table.update(keys.key_of(item), expression, condition=condition, values=values, names=names)


async def adopt(table: DynamoTable, kind: PackageType, name: str) -> bool:
    """Make the creator of the first version the owner of a name that has none; whether it has one by now."""
    versions = [
        item
        for item in await table.query_all(f"N#{name}")
        if attribute(item, "sk").startswith(f"{kind.value}#") and "id" in item
    ]
    if not versions:
        return False
    first = await table.get(keys.record_key(min(attribute(item, "id") for item in versions)))
    if first is None:
        return False
    await table.transact(
        [
            table.update(
                name_keys.name_key(kind, name),
                "SET owners = if_not_exists(owners, :owners), revision = if_not_exists(revision, :one)",
                condition="",
                values={":owners": {"L": [text(first_principal(attribute(first, "owner")))]}, ":one": number(1)},
            ),
            table.update(
                name_keys.alike_key(kind, name), "ADD alike :one", condition="", values={":one": {"SS": [name]}}
            ),
        ]
    )
    return True


async def owned_names(
    table: DynamoTable, principal: str, names: Collection[tuple[PackageType, str]]
) -> set[tuple[PackageType, str]]:
    """Those of the names that the principal owns; a call for each hundred."""
    by_place = {keys.place_of(name_keys.name_key(*each)): each for each in names}
    items = await table.batch_get([name_keys.name_key(*each) for each in names]) if names else []
    return {by_place[keys.place_of(item)] for item in items if principal in owners_of(item)}


class DynamoNameStore:
    """Implements `NameStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def find(self, kind: PackageType, name: str) -> Name | None:
        key = name_keys.name_key(kind, name)

        async def read() -> list[Item]:
            item = await self._table.get(key)
            return [] if item is None else [item]

        found = await read_released(self._table, read)
        return read_name(kind, name, found[0]) if found else None

    async def list_owned(
        self, principal: str, names: Collection[tuple[PackageType, str]]
    ) -> Collection[tuple[PackageType, str]]:
        return await owned_names(self._table, principal, names)

    async def find_view(self, kind: PackageType, name: str) -> NameView | None:
        items = await read_released(self._table, lambda: self._table.query_all(f"N#{name}"))
        found = {attribute(item, "sk"): item for item in items}
        own = [item for item in items if attribute(item, "sk").startswith(f"{kind.value}#") and "id" in item]
        item = found.get(kind.value)
        if item is None:
            return None
        versions = sorted(map(read_named_version, own), key=lambda named: named.id, reverse=True)
        downloads = attribute(found.get(f"downloads#{kind.value}", {}), "count", "N")
        retired = any("retired_sha256" in item and attribute(item, "sk").startswith(f"{kind.value}#") for item in items)
        return NameView(read_name(kind, name, item), tuple(versions), int(downloads or 0), retired=retired)

    async def replace(self, name: Name, change: NameChange, *, expected_revision: int) -> None:
        key = name_keys.name_key(name.type, name.name)
        found = await get_settled(self._table, key)
        transaction = Transaction(self._table)
        self._put(transaction, name_item(name), name.name, expected_revision, change.user, not_owner)
        if name.visibility is Visibility.PRIVATE:
            transaction.put({**name_item(name), **name_keys.private_key(name.type, name.name)})
        elif found is not None and attribute(found, "visibility") == Visibility.PRIVATE:
            transaction.delete(name_keys.private_key(name.type, name.name))
        for needed in change.needed:
            transaction.act_if(_needing(self._table, name, needed), otherwise=_gone)
        for entry in change.audit:
            transaction.put(audit_item(entry))
        for event in event_items(change.events, revision=name.revision):
            transaction.put(event)
        await transaction.commit()

    async def list_private(self) -> Sequence[Name]:
        items = await self._table.query_all(name_keys.PRIVATE_NAMES)
        return [_read_private(item) for item in items]

    async def find_namespace(self, space: str) -> Namespace | None:
        item = await self._table.get(name_keys.namespace_key(space))
        if item is None:
            return None
        return Namespace(space, tuple(owners_of(item)), int(attribute(item, "revision", "N")))

    async def replace_namespace(self, namespace: Namespace, *, expected_revision: int, user: str | None) -> None:
        item: Item = {
            **name_keys.namespace_key(namespace.name),
            "owners": {"L": [text(owner) for owner in namespace.owners]},
            "revision": number(namespace.revision),
        }
        transaction = Transaction(self._table)
        self._put(transaction, item, namespace.name, expected_revision, user, not_namespace_owner)
        await transaction.commit()

    def _put(
        self,
        transaction: Transaction,
        item: Item,
        name: str,
        expected_revision: int,
        user: str | None,
        refusal: _Refusal,
    ) -> None:
        values: Item = {":expected": number(expected_revision)}
        if user is not None:
            values[":user"] = text(user)

        def meaning(found: Item) -> NotFound | RevisionConflict | PermissionDenied:
            if not found:
                return NotFound(f"There is nothing by the name {name}.")
            if "to_be" in found or int(attribute(found, "revision", "N")) != expected_revision:
                return RevisionConflict(f"{name} changed since you read it; read it again.")
            return refusal(name)

        condition = _SAME if user is None else _SAME_OWNED
        transaction.act_if(setting(self._table, item, condition=condition, values=values), otherwise=meaning)

    async def migrate(self) -> int:
        if await self._table.get(name_keys.MIGRATED) is not None:
            return 0
        return await migrate_names(self._table)

    async def list_conflicts(self) -> Sequence[NameConflict]:
        return await find_conflicts(self._table)


def _read_private(item: Item) -> Name:
    kind, _, name = attribute(item, "sk").partition("#")
    return read_name(PackageType(kind), name, item)


def _needing(table: DynamoTable, name: Name, needed: NamedVersion) -> Action:
    return table.check(
        name_keys.version_key(name.type, name.name, needed.version),
        condition="#id = :id AND #status <> :draft",
        values={":id": text(needed.id), ":draft": text(PackageStatus.DRAFT.value)},
        names={"#id": "id", "#status": "status"},
    )


def _gone(_found: Item) -> RevisionConflict:
    return RevisionConflict("The version changed since you read it; read it again.")


def without_aliases_of(name: Name, version: Version) -> Name:
    """The name as it is once a package has given up a version; the same where no alias leads there."""
    kept = {alias: held for alias, held in name.aliases.items() if held != str(version)}
    return name if kept == name.aliases else replace(name, aliases=kept, revision=name.revision + 1)
