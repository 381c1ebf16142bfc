"""Keys of names, their versions and releases; `keys` has the list of all items."""

from registry.adapters.dynamodb.keys import Item, key
from registry.domain.names import folded
from registry.domain.packages import PackageType
from registry.domain.versions import Version


def version_key(kind: PackageType, name: str, version: Version) -> Item:
    return key(f"N#{name}", f"{kind.value}#{version}")


def name_key(kind: PackageType, name: str) -> Item:
    return key(f"N#{name}", kind.value)


def namespace_key(space: str) -> Item:
    return key(f"S#{space}", "namespace")


def alike_key(kind: PackageType | None, name: str) -> Item:
    """The set of names of a type, or of namespaces (None), that look like this one."""
    return key(f"F#{kind.value if kind else 'space'}#{folded(name)}", "alike")


RELEASES = "releases"


def release_key(release_id: str) -> Item:
    return key(RELEASES, release_id)


def release_part_key(release_id: str, part: str) -> Item:
    return key(f"Z#{release_id}", part)


PRIVATE_NAMES = "private names"


def private_key(kind: PackageType, name: str) -> Item:
    return key(PRIVATE_NAMES, f"{kind.value}#{name}")


MIGRATED: Item = {"pk": {"S": "names"}, "sk": {"S": "migrated"}}
