"""Who may publish what, and which bytes a version keeps: checked in the transaction that writes packages."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.adapters.sqlite.rows import insert_rows
from registry.domain.errors import NameTooSimilar, VersionRetired
from registry.domain.names import folded, namespace_of, not_namespace_owner, not_owner
from registry.domain.packages import Change, Package, PackageStatus

_NAMES = """SELECT n.name, n.type, n.owners FROM json_each(?) AS wanted
    CROSS JOIN names AS n ON n.name = json_extract(wanted.value, '$[0]')
        AND n.type = json_extract(wanted.value, '$[1]')"""
_ALIKE = """SELECT n.folded, n.type, n.name, n.owners FROM json_each(?) AS wanted
    CROSS JOIN names AS n ON n.folded = json_extract(wanted.value, '$[0]')
        AND n.type = json_extract(wanted.value, '$[1]')"""
_SPACES = """SELECT n.folded, n.name, n.owners FROM json_each(?) AS wanted
    CROSS JOIN namespaces AS n ON n.folded = wanted.value"""
_RETIRED = """SELECT r.name, r.version, r.type, r.sha256 FROM json_each(?) AS wanted
    CROSS JOIN retired_versions AS r ON r.name = json_extract(wanted.value, '$[0]')
        AND r.version = json_extract(wanted.value, '$[1]') AND r.type = json_extract(wanted.value, '$[2]')"""
_RETIRE = """INSERT INTO retired_versions (name, version, type, sha256) VALUES (?, ?, ?, ?)
    ON CONFLICT (name, version, type) DO UPDATE SET sha256 = excluded.sha256"""
_OWNERS = "SELECT owners FROM names WHERE name = ? AND type = ?"

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Owned:
    name: str
    owners: frozenset[str]


def claim_names(connection: sqlite3.Connection, adding: Sequence[tuple[Package, Change]]) -> list[Package]:
    """Let users publish under their names, and make new names theirs; the packages whose names were there before.

    Raises PermissionDenied, NameTooSimilar. One statement where every name is known, three to five otherwise.
    """
    wanted = [(package.name, package.type.value) for package, _ in adding]
    known: dict[_Key, frozenset[str]] = {
        (name, kind): frozenset(json.loads(owners))
        for name, kind, owners in connection.execute(_NAMES, (json.dumps(wanted),))
    }
    there = [package for package, _ in adding if (package.name, package.type.value) in known]
    new = [each for each in adding if (each[0].name, each[0].type.value) not in known]
    if new:
        _make_names(connection, new, known)
    for package, change in adding:
        if not change.overrides_owners and change.principal not in known[package.name, package.type.value]:
            raise not_owner(package.name)
    return there


def _make_names(
    connection: sqlite3.Connection, new: Sequence[tuple[Package, Change]], known: dict[_Key, frozenset[str]]
) -> None:
    spaces = _claim_spaces(connection, new)
    keys = [(folded(package.name), package.type.value) for package, _ in new]
    alike: dict[_Key, list[_Owned]] = {}
    for fold, kind, name, owners in connection.execute(_ALIKE, (json.dumps(keys),)):
        alike.setdefault((fold, kind), []).append(_Owned(name, frozenset(json.loads(owners))))
    rows: list[tuple[str, str, str, str]] = []
    for (package, change), key in zip(new, keys, strict=True):
        place = (package.name, package.type.value)
        if place in known:  # made by one before in this group
            continue
        space = namespace_of(package.name)
        if not change.overrides_owners and space is not None and change.principal not in spaces[space]:
            raise not_namespace_owner(space)
        _check_alike(package.name, change, alike.get(key, ()))
        known[place] = frozenset({change.principal})
        alike.setdefault(key, []).append(_Owned(package.name, known[place]))
        rows.append((*place, key[0], json.dumps([change.principal])))
    insert_rows(connection, "INSERT OR FAIL INTO names (name, type, folded, owners)", rows)


def _claim_spaces(connection: sqlite3.Connection, new: Sequence[tuple[Package, Change]]) -> dict[str, frozenset[str]]:
    """The owners of the namespaces of new names, made where they are new. Raises NameTooSimilar."""
    wanted = {space: folded(space) for package, _ in new if (space := namespace_of(package.name)) is not None}
    if not wanted:
        return {}
    alike: dict[str, list[_Owned]] = {}
    for fold, name, owners in connection.execute(_SPACES, (json.dumps(list(wanted.values())),)):
        alike.setdefault(fold, []).append(_Owned(name, frozenset(json.loads(owners))))
    spaces = {each.name: each.owners for found in alike.values() for each in found}
    rows: list[tuple[str, str, str]] = []
    for package, change in new:
        space = namespace_of(package.name)
        if space is None or space in spaces:
            continue
        _check_alike(space, change, alike.get(wanted[space], ()))
        spaces[space] = frozenset({change.principal})
        alike.setdefault(wanted[space], []).append(_Owned(space, spaces[space]))
        rows.append((space, wanted[space], json.dumps([change.principal])))
    insert_rows(connection, "INSERT OR FAIL INTO namespaces (name, folded, owners)", rows)
    return spaces


def _check_alike(name: str, change: Change, alike: Iterable[_Owned]) -> None:
    for other in alike:
        if not change.overrides_owners and change.principal not in other.owners:
            raise NameTooSimilar(name, other.name)


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version as a package's row holds it."""

    name: str
    kind: str
    version: str
    status: str
    sha256: str | None
    unreleased: int | None


def check_owner(connection: sqlite3.Connection, held: HeldVersion, change: Change) -> None:
    """Raises PermissionDenied unless the change's user owns the package's name, or need not."""
    if change.overrides_owners:
        return
    row = connection.execute(_OWNERS, (held.name, held.kind)).fetchone()
    if row is None or change.principal not in json.loads(row[0]):
        raise not_owner(held.name)


def check_bytes(connection: sqlite3.Connection, packages: Sequence[Package]) -> None:
    """Raises VersionRetired where a version had other bytes than its package has now."""
    wanted = {
        (package.name, str(package.version), package.type.value): package.content.sha256
        for package in packages
        if package.content is not None
    }
    if not wanted:
        return
    for name, version, kind, sha256 in connection.execute(_RETIRED, (json.dumps(list(wanted)),)):
        if wanted[name, version, kind] != sha256:
            raise VersionRetired(version)


def retire(connection: sqlite3.Connection, held: HeldVersion) -> None:
    """Have a version that its package gives up keep its bytes."""
    if held.sha256 is not None and PackageStatus(held.status).is_published and not held.unreleased:
        connection.execute(_RETIRE, (held.name, held.version, held.kind, held.sha256))
