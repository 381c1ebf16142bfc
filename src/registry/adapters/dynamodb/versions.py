"""The items of versions: unique under their name, and bound to their bytes once they were published.

The attribute `retired_sha256` of a version that was deleted or left outlives all that else is written to its item.
"""

from registry.adapters.dynamodb import name_keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.errors import PackageExists, RegistryError, RevisionConflict, VersionRetired
from registry.domain.packages import Package

_ATTRIBUTES = ("id", "type", "version", "status", "created_at", "sha256")
_SAME_BYTES = "(attribute_not_exists(retired_sha256) OR retired_sha256 = :sha256)"


def write_versions(
    table: DynamoTable, transaction: Transaction, old: Package | None, new: Package | None, *, retired: bool = False
) -> None:
    """Have `new` hold its version, and let go of the one that `old` holds where that is another.

    `retired`: the version of `old` was retired once before.
    """
    moved = old is None or new is None or _key(old) != _key(new)
    if new is not None and (moved or records.version_item(new) != (records.version_item(old) if old else None)):
        transaction.act_if(_hold(table, new, free=moved), otherwise=lambda found: _refusal(new, found))
    if old is not None and moved:
        _let_go(table, transaction, old, retired=retired)


def _hold(table: DynamoTable, package: Package, *, free: bool) -> Action:
    item = records.version_item(package)
    names = {f"#a{place}": name for place, name in enumerate(_ATTRIBUTES)}
    given = {alias: item[name] for alias, name in names.items() if name in item}
    values: Item = {":" + alias[1:]: value for alias, value in given.items()}
    expression = "SET " + ", ".join(f"{alias} = :{alias[1:]}" for alias in given)
    if absent := [alias for alias in names if alias not in given]:
        expression += " REMOVE " + ", ".join(absent)
    condition = "attribute_not_exists(#a0)" if free else "#a0 = :a0"
    if package.content is not None:
        condition += f" AND {_SAME_BYTES}"
        values[":sha256"] = text(package.content.sha256)
    return table.update(_key(package), expression, condition=condition, values=values, names=names)


def _let_go(table: DynamoTable, transaction: Transaction, package: Package, *, retired: bool) -> None:
    keeps_bytes = package.content is not None and package.was_published
    if not keeps_bytes and not retired:
        transaction.delete(_key(package))
        return
    names = {f"#a{place}": name for place, name in enumerate(_ATTRIBUTES)}
    expression = "REMOVE " + ", ".join(names)
    values: Item = {}
    if package.content is not None and keeps_bytes:
        expression += " SET retired_sha256 = :sha256"
        values[":sha256"] = text(package.content.sha256)
    transaction.act(table.update(_key(package), expression, condition="", values=values, names=names))


def _refusal(package: Package, found: Item) -> RegistryError:
    holder = attribute(found, "id")
    if holder is not None and holder != package.id:
        return PackageExists(holder)
    retired = attribute(found, "retired_sha256")
    if retired is not None and package.content is not None and retired != package.content.sha256:
        return VersionRetired(str(package.version))
    return RevisionConflict("The package changed since you read it; read it again.")


def _key(package: Package) -> Item:
    return name_keys.version_key(package.type, package.name, package.version)
