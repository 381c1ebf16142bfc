"""Who may publish what in DynamoDB: actions of the transaction that writes a package.

The first try reads nothing: its actions make the name, its namespace and their entries among the look-alikes, or find
that these are the publisher's. Of a name that this process has seen only the owners are checked. Where a condition
fails, what is there is read, and decides: a refusal, or a second try that depends on what was read.
"""

from dataclasses import dataclass

from registry.adapters.dynamodb import name_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.names import adopt, name_item, owners_of, read_name, setting, without_aliases_of
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_ending import read_settled
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.errors import NameTooSimilar, RegistryError, Unavailable
from registry.domain.names import namespace_of, not_namespace_owner, not_owner
from registry.domain.packages import Change, Package, PackageType
from registry.domain.recent import Recent

MOST_KNOWN = 10_000
_OWNED = "contains(owners, :user)"
_NEW = "attribute_not_exists(owners)"
_SAME = "revision = :revision AND attribute_not_exists(to_be)"
_EXISTS = "attribute_exists(owners)"


class Unsure(RegistryError):
    """The first try met something: it has to be read before the write is refused or tried again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read before a try. `alike` are the sets of names and of namespaces; None: there is no set."""

    name: bool
    space: bool
    alike: frozenset[str] | None = None
    spaces_alike: frozenset[str] | None = None


class NameReservation:
    """Adds to a transaction what makes it depend on owners. Remembers names that exist, as a hint only."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._known: Recent[tuple[PackageType, str], str] = Recent(MOST_KNOWN)
        self._known_spaces: Recent[str, str] = Recent(MOST_KNOWN)
        self._migrated = False

    async def check_migrated(self) -> None:
        """Raises Unavailable until the owners of names from before are recorded: a new name could be another's."""
        if not self._migrated:
            if await self._table.get(name_keys.MIGRATED) is None:
                raise Unavailable(
                    "The owners of names that were published by an earlier version are being recorded.",
                    retry_after_seconds=10,
                )
            self._migrated = True

    def remember(self, package: Package) -> None:
        """The package's name exists, and so does its namespace."""
        self._known.put((package.type, package.name), package.name)
        if space := namespace_of(package.name):
            self._known_spaces.put(space, space)

    def first_try(self, transaction: Transaction, package: Package, change: Change) -> None:
        """The actions that need nothing to be read. Their failure is PermissionDenied or Unsure."""
        if self._known.get((package.type, package.name)):
            self.check_owner(transaction, package, change)
            return
        mine_or_new = "" if change.overrides_owners else f"{_NEW} OR {_OWNED}"
        self._make(transaction, name_keys.name_key(package.type, package.name), change, condition=mine_or_new)
        self._join(transaction, name_keys.alike_key(package.type, package.name), package.name, change, seen=None)
        space = namespace_of(package.name)
        if space and self._known_spaces.get(space):
            transaction.act_if(self._check(name_keys.namespace_key(space), change), otherwise=_unsure)
        elif space:
            self._make(transaction, name_keys.namespace_key(space), change, condition=mine_or_new)
            self._join(transaction, name_keys.alike_key(None, space), space, change, seen=None)

    def check_owner(self, transaction: Transaction, package: Package, change: Change) -> None:
        """The action that lets the others be done for owners of the name only. Its failure is PermissionDenied, or
        Unsure where there is no name."""
        checked = self._check(name_keys.name_key(package.type, package.name), change)
        transaction.act_if(
            checked, otherwise=lambda found: not_owner(package.name) if "owners" in found else Unsure("")
        )

    async def leave(
        self, transaction: Transaction, package: Package, change: Change, *, beside: Item | None = None
    ) -> tuple[bool, Item | None]:
        """The action for a package that gives up its version: as `check_owner`, and the aliases of that version go.

        Its failure is PermissionDenied, or Unsure where there is no name or it changed meanwhile. Whether the version
        was retired once before, and the item with the key `beside`, which is read in the same call.
        """
        key = name_keys.name_key(package.type, package.name)
        version_key = name_keys.version_key(package.type, package.name, package.version)
        wanted = [key, version_key, *([] if beside is None else [beside])]
        items = await read_settled(self._table, lambda: self._table.batch_get(wanted))
        found = {attribute(item, "sk"): item for item in items}
        retired = "retired_sha256" in found.get(attribute(version_key, "sk"), {})
        left_with = retired, None if beside is None else found.get(attribute(beside, "sk"))
        item = found.get(attribute(key, "sk"))
        if item is None or "owners" not in item:
            if not change.overrides_owners:
                raise Unsure("There is no name.")
            return left_with
        if not _is_mine(item, change):
            raise not_owner(package.name)
        name = read_name(package.type, package.name, item)
        left = without_aliases_of(name, package.version)
        values: Item = {":revision": number(name.revision)}
        if left is name:
            action = self._table.check(key, condition=_SAME, values=values)
        else:
            action = setting(self._table, name_item(left), condition=_SAME, values=values)
        transaction.act_if(action, otherwise=_unsure)
        return left_with

    async def look(self, package: Package, change: Change) -> Seen:
        """What there is. Raises PermissionDenied, NameTooSimilar."""
        self._known.drop((package.type, package.name))
        space = namespace_of(package.name)
        if space:
            self._known_spaces.drop(space)
        name_key, alike_key = (
            name_keys.name_key(package.type, package.name),
            name_keys.alike_key(package.type, package.name),
        )
        wanted = [name_key, alike_key]
        if space:
            wanted += [name_keys.namespace_key(space), name_keys.alike_key(None, space)]
        items = await self._table.batch_get(wanted)
        found = {(attribute(item, "pk"), attribute(item, "sk")): item for item in items}

        def item_of(key: Item) -> Item | None:
            return found.get((attribute(key, "pk"), attribute(key, "sk")))

        if (name := item_of(name_key)) is not None and "owners" in name:
            if not _is_mine(name, change):
                raise not_owner(package.name)
            return Seen(name=True, space=True)
        alike = _members(item_of(alike_key))
        await self._check_alike(package.name, package.type, alike, change)
        if not space:
            return Seen(name=False, space=True, alike=alike)
        there = item_of(name_keys.namespace_key(space))
        if there is not None and not _is_mine(there, change):
            raise not_namespace_owner(space)
        spaces_alike = _members(item_of(name_keys.alike_key(None, space)))
        if there is None:
            await self._check_alike(space, None, spaces_alike, change)
        return Seen(name=False, space=there is not None, alike=alike, spaces_alike=spaces_alike)

    def second_try(self, transaction: Transaction, package: Package, change: Change, seen: Seen) -> None:
        """The actions that depend on what was read. Their failure is Unsure: it changed meanwhile."""
        if seen.name:
            self.check_owner(transaction, package, change)
            return
        key = name_keys.name_key(package.type, package.name)
        self._make(transaction, key, change, condition=_NEW)
        alike_key = name_keys.alike_key(package.type, package.name)
        self._join(transaction, alike_key, package.name, change, seen=seen.alike or frozenset())
        if space := namespace_of(package.name):
            if seen.space:
                transaction.act_if(self._check(name_keys.namespace_key(space), change), otherwise=_unsure)
                return
            self._make(transaction, name_keys.namespace_key(space), change, condition=_NEW)
            spaces_alike = seen.spaces_alike or frozenset()
            self._join(transaction, name_keys.alike_key(None, space), space, change, seen=spaces_alike)

    async def adopt(self, kind: PackageType, name: str) -> bool:
        """Record the owner of a name from before names had owners; whether there was anything to adopt."""
        return await adopt(self._table, kind, name)

    def _check(self, key: Item, change: Change) -> Action:
        if change.overrides_owners:
            return self._table.check(key, condition=_EXISTS)
        return self._table.check(key, condition=_OWNED, values={":user": text(change.principal)})

    def _make(self, transaction: Transaction, key: Item, change: Change, *, condition: str) -> None:
        values: Item = {":owners": {"L": [text(change.principal)]}, ":one": number(1)}
        if ":user" in condition:
            values[":user"] = text(change.principal)
        made = self._table.update(
            key,
            "SET owners = if_not_exists(owners, :owners), revision = if_not_exists(revision, :one)",
            condition=condition,
            values=values,
        )
        transaction.act_if(made, otherwise=_unsure)

    def _join(
        self, transaction: Transaction, key: Item, name: str, change: Change, *, seen: frozenset[str] | None
    ) -> None:
        values: Item = {":one": {"SS": [name]}}
        condition = "attribute_not_exists(alike)"
        if seen is None:
            condition += " OR alike = :one"
        elif seen:
            condition, values[":seen"] = "alike = :seen", {"SS": sorted(seen)}
        if change.overrides_owners:
            condition = ""
            values.pop(":seen", None)
        joined = self._table.update(key, "ADD alike :one", condition=condition, values=values)
        transaction.act_if(joined, otherwise=_unsure)

    async def _check_alike(
        self, name: str, kind: PackageType | None, alike: frozenset[str] | None, change: Change
    ) -> None:
        """Raises NameTooSimilar where others own one of the names (of namespaces, where `kind` is None)."""
        others = sorted((alike or frozenset()) - {name})
        if not others or change.overrides_owners:
            return
        key_of = name_keys.namespace_key if kind is None else lambda other: name_keys.name_key(kind, other)
        items = await self._table.batch_get([key_of(other) for other in others])
        for item in items:
            if change.principal not in owners_of(item):
                raise NameTooSimilar(name, attribute(item, "pk").partition("#")[2])


def _is_mine(item: Item, change: Change) -> bool:
    return change.overrides_owners or change.principal in owners_of(item)


def _members(item: Item | None) -> frozenset[str] | None:
    return None if item is None else frozenset(attribute(item, "alike", "SS"))


def _unsure(_found: Item) -> RegistryError:
    return Unsure("The name is being published by others; try again.")
