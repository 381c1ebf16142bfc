"""Names and namespaces."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from registry.adapters.sqlite.audit import append_entries
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.naming import HeldVersion
from registry.domain.documents import parse_time
from registry.domain.errors import NotFound, RevisionConflict
from registry.domain.names import Name, NamedVersion, Namespace, NameView, Visibility, not_namespace_owner, not_owner
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.times import to_microseconds
from registry.domain.versions import Version
from registry.ports.clock import Clock
from registry.ports.names import NameChange, NameConflict

_FIND = "SELECT owners, visibility, readers, aliases, revision, downloads FROM names WHERE name = ? AND type = ?"
_OWNED = """SELECT n.type, n.name FROM json_each(?) AS wanted
    CROSS JOIN names AS n ON n.name = json_extract(wanted.value, '$[0]') AND n.type = json_extract(wanted.value, '$[1]')
    WHERE ? IN (SELECT value FROM json_each(n.owners))"""
_PRIVATE = """SELECT name, type, owners, visibility, readers, aliases, revision FROM names INDEXED BY names_private
    WHERE visibility = 'private'"""
_VERSIONS = """SELECT id, version, status, json_extract(CAST(summary AS TEXT), '$.created_at')
    FROM packages WHERE name = ? AND type = ? ORDER BY id DESC"""
_REPLACE = """UPDATE names SET (owners, visibility, readers, aliases, revision) = (?, ?, ?, ?, ?)
    WHERE name = ? AND type = ?"""
_NEEDED = "SELECT 1 FROM packages WHERE id = ? AND version = ? AND status != 'draft'"
_RETIRED = "SELECT EXISTS (SELECT 1 FROM retired_versions WHERE name = ? AND type = ?)"
_ALIKE = """SELECT folded, type, name, owners FROM names WHERE (folded, type) IN (
    SELECT folded, type FROM names GROUP BY folded, type HAVING count(*) > 1) ORDER BY folded, type, name"""
_SPACES_ALIKE = """SELECT folded, 'namespace', name, owners FROM namespaces WHERE folded IN (
    SELECT folded FROM namespaces GROUP BY folded HAVING count(*) > 1) ORDER BY folded, name"""
_OTHERS = """SELECT DISTINCT p.name, p.type, p.created_by FROM packages AS p
    JOIN names AS n ON n.name = p.name AND n.type = p.type
    WHERE NOT EXISTS (SELECT 1 FROM json_each(n.owners) WHERE substr(value, 1, instr(value, '#') - 1) = p.created_by)
    ORDER BY p.name, p.type, p.created_by"""


def read_name(kind: PackageType, name: str, row: Any) -> Name:
    """The name that the columns from `owners` to `revision` make."""
    owners, visibility, readers, aliases, revision = row
    return Name(
        kind,
        name,
        tuple(json.loads(owners)),
        Visibility(visibility),
        tuple(json.loads(readers)),
        json.loads(aliases),
        revision,
    )


class SqliteNameStore:
    """Implements `NameStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, kind: PackageType, name: str) -> Name | None:
        row = self._database.fetch_one(_FIND, (name, kind.value))
        return None if row is None else read_name(kind, name, row[:5])

    async def list_owned(
        self, principal: str, names: Collection[tuple[PackageType, str]]
    ) -> Collection[tuple[PackageType, str]]:
        wanted = json.dumps([(name, kind.value) for kind, name in names])
        return [(PackageType(kind), name) for kind, name in self._database.fetch_all(_OWNED, (wanted, principal))]

    async def find_view(self, kind: PackageType, name: str) -> NameView | None:
        def query(connection: sqlite3.Connection) -> NameView | None:
            row = connection.execute(_FIND, (name, kind.value)).fetchone()
            if row is None:
                return None
            versions = tuple(
                NamedVersion(package_id, Version.parse(version), PackageStatus(status), kind, parse_time(created_at))
                for package_id, version, status, created_at in connection.execute(_VERSIONS, (name, kind.value))
            )
            (retired,) = connection.execute(_RETIRED, (name, kind.value)).fetchone()
            return NameView(read_name(kind, name, row[:5]), versions, row[5], retired=bool(retired))

        return await self._database.read(query)

    async def replace(self, name: Name, change: NameChange, *, expected_revision: int) -> None:
        now = to_microseconds(self._clock.now())
        await self._database.write(
            lambda connection: replace_name(connection, name, change, now=now, expected_revision=expected_revision)
        )

    async def list_private(self) -> Sequence[Name]:
        return [read_name(PackageType(kind), name, row) for name, kind, *row in self._database.fetch_all(_PRIVATE)]

    async def find_namespace(self, space: str) -> Namespace | None:
        row = self._database.fetch_one("SELECT owners, revision FROM namespaces WHERE name = ?", (space,))
        return None if row is None else Namespace(space, tuple(json.loads(row[0])), row[1])

    async def replace_namespace(self, namespace: Namespace, *, expected_revision: int, user: str | None) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT owners, revision FROM namespaces WHERE name = ?", (namespace.name,)
            ).fetchone()
            if row is None:
                raise NotFound("There is no namespace like this.")
            owners, revision = row
            if revision != expected_revision:
                raise RevisionConflict("The namespace changed since you read it; read it again.")
            if user is not None and user not in json.loads(owners):
                raise not_namespace_owner(namespace.name)
            connection.execute(
                "UPDATE namespaces SET owners = ?, revision = ? WHERE name = ?",
                (json.dumps(namespace.owners), namespace.revision, namespace.name),
            )

        await self._database.write(operation)

    async def migrate(self) -> int:
        """Done when the file was opened."""
        return 0

    async def list_conflicts(self) -> Sequence[NameConflict]:
        return await self._database.read(lambda connection: list(_conflicts(connection)))


def replace_name(
    connection: sqlite3.Connection,
    name: Name,
    change: NameChange,
    *,
    now: int,
    expected_revision: int | None = None,
) -> None:
    """Put a name in place, within the transaction under way. `expected_revision` None: the one before the name's.

    `now` in microseconds. Raises NotFound, RevisionConflict, PermissionDenied.
    """
    row = connection.execute(_FIND, (name.name, name.type.value)).fetchone()
    if row is None:
        raise NotFound("There is no name like this.")
    before = read_name(name.type, name.name, row[:5])
    if before.revision != (name.revision - 1 if expected_revision is None else expected_revision):
        raise RevisionConflict("The name changed since you read it; read it again.")
    if change.user is not None and not before.is_owned_by(change.user):
        raise not_owner(name.name)
    for needed in change.needed:
        if connection.execute(_NEEDED, (needed.id, str(needed.version))).fetchone() is None:
            raise RevisionConflict("The version changed since you read it; read it again.")
    write_name(connection, name)
    append_entries(connection, change.audit)
    record_events(connection, change.events, now=now)


def write_name(connection: sqlite3.Connection, name: Name) -> None:
    """Put a name that is there in place, within the transaction under way."""
    row = (
        json.dumps(name.owners),
        name.visibility.value,
        json.dumps(name.readers),
        json.dumps(dict(name.aliases)),
        name.revision,
    )
    connection.execute(_REPLACE, (*row, name.name, name.type.value))


def drop_aliases(connection: sqlite3.Connection, held: HeldVersion) -> None:
    """Drop the aliases of a version that its package gives up, within the transaction under way."""
    row = connection.execute(_FIND, (held.name, held.kind)).fetchone()
    if row is None or row[3] == "{}":
        return
    name = read_name(PackageType(held.kind), held.name, row[:5])
    kept = {alias: version for alias, version in name.aliases.items() if version != held.version}
    if kept != name.aliases:
        write_name(connection, replace(name, aliases=kept, revision=name.revision + 1))


def _conflicts(connection: sqlite3.Connection) -> Iterator[NameConflict]:
    for sql in (_ALIKE, _SPACES_ALIKE):
        alike: defaultdict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
        for fold, kind, name, owners in connection.execute(sql):
            alike[fold, kind][name] = set(json.loads(owners))
        for (_, kind), names in alike.items():
            if not set.intersection(*names.values()):
                yield NameConflict(tuple(names), f"{kind}: look alike, and have different owners")
    for name, kind, user in connection.execute(_OTHERS):
        yield NameConflict((name,), f"{kind}: has versions by {user}, who is no owner")
