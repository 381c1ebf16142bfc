"""What reads every record: the owners of names from before names had owners, and conflicts for an operator."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from registry.adapters.dynamodb import name_keys
from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.accounts import name_of, principal_of
from registry.domain.names import folded, namespace_of
from registry.domain.packages import PackageType
from registry.ports.names import NameConflict

_Key = tuple[PackageType, str]


def first_principal(user: str) -> str:
    """Who owns what a user published before accounts had ids: then the name is the id, too."""
    return principal_of(user, user)


async def migrate_names(table: DynamoTable) -> int:
    """Make the creator of the first version the owner of each name, and of the first name of each namespace.

    Names that have owners keep them, so this may run several times and be cut off. How many names there are.
    """
    names: dict[_Key, tuple[str, str]] = {}
    spaces: dict[str, tuple[str, str]] = {}
    async for items in table.scan("sk = :record", {":record": text("record")}):
        for item in items:
            name, first = attribute(item, "name"), (attribute(item, "id"), attribute(item, "owner"))
            key = (PackageType(attribute(item, "type")), name)
            names[key] = min(names.get(key, first), first)
            if space := namespace_of(name):
                spaces[space] = min(spaces.get(space, first), first)
    alike: defaultdict[tuple[PackageType | None, str], list[str]] = defaultdict(list)
    for kind, name in names:
        alike[kind, folded(name)].append(name)
    for space in spaces:
        alike[None, folded(space)].append(space)
    owners: dict[str, tuple[Item, str]] = {}
    for (kind, name), (_, owner) in names.items():
        owners[f"N#{name}#{kind.value}"] = (name_keys.name_key(kind, name), owner)
    for space, (_, owner) in spaces.items():
        owners[f"S#{space}"] = (name_keys.namespace_key(space), owner)
    await _write(table, (_owning(table, key, owner) for key, owner in owners.values()))
    await _write(table, (_joining(table, kind, members) for (kind, _), members in alike.items()))
    await table.transact([table.put(name_keys.MIGRATED)])
    return len(names)


async def _write(table: DynamoTable, actions: Iterable[Action]) -> None:
    waiting = iter(actions)
    while batch := list(islice(waiting, TRANSACTION_ACTIONS)):
        await table.transact(batch)


def _owning(table: DynamoTable, key: Item, owner: str) -> Action:
    values: Item = {":owners": {"L": [text(first_principal(owner))]}, ":one": number(1)}
    expression = "SET owners = if_not_exists(owners, :owners), revision = if_not_exists(revision, :one)"
    return table.update(key, expression, condition="", values=values)


def _joining(table: DynamoTable, kind: PackageType | None, names: Sequence[str]) -> Action:
    return table.update(
        name_keys.alike_key(kind, names[0]), "ADD alike :names", condition="", values={":names": {"SS": sorted(names)}}
    )


async def find_conflicts(table: DynamoTable) -> list[NameConflict]:
    """Look-alikes of different owners, and names with versions by others than their owners."""
    owners: dict[tuple[str, str], set[str]] = {}
    creators: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    condition = "sk = :record OR attribute_exists(owners)"
    async for items in table.scan(condition, {":record": text("record")}):
        for item in items:
            if attribute(item, "pk") == name_keys.PRIVATE_NAMES:
                continue
            if "owners" in item:
                kind = attribute(item, "sk")
                owners[kind, attribute(item, "pk").partition("#")[2]] = {
                    name_of(owner["S"]) for owner in attribute(item, "owners", "L")
                }
            else:
                creators[attribute(item, "type"), attribute(item, "name")].add(attribute(item, "owner"))
    return [*_look_alikes(owners), *_others(owners, creators)]


def _look_alikes(owners: Mapping[tuple[str, str], set[str]]) -> Iterable[NameConflict]:
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, name in sorted(owners):
        alike[kind, folded(name)].append(name)
    for (kind, _), names in alike.items():
        if len(names) > 1 and not set.intersection(*(owners[kind, name] for name in names)):
            yield NameConflict(tuple(names), f"{kind}: look alike, and have different owners")


def _others(
    owners: Mapping[tuple[str, str], set[str]], creators: Mapping[tuple[str, str], set[str]]
) -> Iterable[NameConflict]:
    for kind, name in sorted(creators):
        for user in sorted(creators[kind, name] - owners.get((kind, name), set())):
            yield NameConflict((name,), f"{kind}: has versions by {user}, who is no owner")
