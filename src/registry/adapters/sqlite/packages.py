"""Package records."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.listing import (
    MAX_NAMES,
    SUMMARY_COLUMNS,
    Branch,
    Walk,
    at_version,
    branches,
    merged,
    walk_of,
)
from registry.adapters.sqlite.package_writing import AddPackage, PackageWriting, delete_package, record, request
from registry.adapters.sqlite.ranges import entries_in_range
from registry.adapters.sqlite.scan_requests import SAFETY_COLUMNS, follow_content, safety_of
from registry.adapters.sqlite.scores import Check, check_for, checked_entries
from registry.adapters.sqlite.usage import within
from registry.adapters.sqlite.version_keys import KeySpan, version_key
from registry.domain.documents import decode_package, join_document
from registry.domain.listing import PackageFilter
from registry.domain.name_patterns import NamePatterns
from registry.domain.names import NamedVersion
from registry.domain.packages import Change, Package, PackageStatus, PackageType
from registry.domain.times import to_microseconds
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import Version
from registry.domain.visibility import absent
from registry.ports.clock import Clock
from registry.ports.packages import PackageDocument, PackageSummary, SummaryPage

_summary_of = partial(tuple.__new__, PackageSummary)  # as PackageSummary._make, without a call in Python for each
_STATUSES = {status.value: status for status in PackageStatus}
_DOCUMENT = "SELECT summary, readme, revision, status, created_by, name FROM packages WHERE id = ?"
_GET = "SELECT summary, readme, blob_key FROM packages WHERE id = ?"
_JUDGED = f"""SELECT p.summary, p.readme, p.blob_key, {SAFETY_COLUMNS}
    FROM packages AS p LEFT JOIN scan_requests AS s ON s.package_id = p.id WHERE p.id = ?"""  # noqa: S608 - fixed texts
_GET_MANY = """SELECT p.id, p.summary, p.readme, p.blob_key
    FROM json_each(?) AS wanted CROSS JOIN packages AS p ON p.id = wanted.value"""
_SUMMARIES = """SELECT p.id, p.summary, p.revision
    FROM json_each(?) AS wanted CROSS JOIN packages AS p ON p.number = wanted.value ORDER BY wanted.key"""
_SUMMARIES_BY_ID = """SELECT p.id, p.summary, p.revision
    FROM json_each(?) AS wanted CROSS JOIN packages AS p ON p.id = wanted.value ORDER BY wanted.key"""
_VERSION = "SELECT id FROM packages WHERE name = ? AND version = ? AND type = ?"
_NAMES = """WITH RECURSIVE names (name) AS (
        SELECT min(name) FROM packages WHERE name >= :from AND name < :to
        UNION ALL
        SELECT (SELECT min(name) FROM packages WHERE name > names.name AND name < :to) FROM names
            WHERE names.name IS NOT NULL)
    SELECT name FROM names WHERE name IS NOT NULL LIMIT :limit"""
"""Hops from name to name. Names are printable ASCII, so that `\\x7f` comes after all of them."""
_VERSIONS = """SELECT p.name, p.id, p.version, p.status, p.type
    FROM json_each(?) AS wanted CROSS JOIN packages AS p ON p.name = wanted.value"""
_FEW, _FEW_VERSIONS = 4, 64
"""So many packages or names, with so many versions, are read in the event loop: a thread would cost more."""
_PLACES = [", ".join("?" * count) for count in range(_FEW + 1)]
_GET_FEW = [f"SELECT id, summary, readme, blob_key FROM packages WHERE id IN ({places})" for places in _PLACES]  # noqa: S608 - fixed texts
_VERSIONS_OF_FEW = [
    f"SELECT name, id, version, status, type FROM packages WHERE name IN ({places}) LIMIT ?"  # noqa: S608 - fixed texts
    for places in _PLACES
]


def document_of(
    summary: bytes, readme: bytes | None, revision: int, status: str, created_by: str, name: str
) -> PackageDocument:
    """The document that these columns of a record make."""
    return PackageDocument(join_document(summary, readme), revision, _STATUSES[status], created_by, name)


class SqlitePackageStore:
    """Implements `PackageStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, package: Package, change: Change) -> None:
        now = to_microseconds(self._clock.now())
        await self._database.write(AddPackage(PackageWriting(package), change, now))

    async def replace(self, package: Package, change: Change, *, expected_revision: int) -> None:
        writing, now = PackageWriting(package), to_microseconds(self._clock.now())

        def operation(connection: sqlite3.Connection) -> None:
            record(connection, [change], now=now)
            with within(change.quota, connection):
                writing.update(connection, change, expected_revision=expected_revision)
            request(connection, [(package, change)], now=now)
            follow_content(connection, package, change, now=now)

        await self._database.write(operation)

    async def remove(self, package_id: str, change: Change, *, expected_revision: int) -> None:
        now = to_microseconds(self._clock.now())

        def operation(connection: sqlite3.Connection) -> None:
            record(connection, [change], now=now)
            delete_package(connection, package_id, change, expected_revision=expected_revision)

        await self._database.write(operation)

    async def get(self, package_id: str) -> Package:
        row = self._database.fetch_one(_GET, (package_id,))
        if row is None:
            raise absent()
        summary, readme, blob_key = row
        return decode_package(summary, readme, blob_key=blob_key)

    async def get_judged(self, package_id: str) -> tuple[Package, PackageSafety]:
        row = self._database.fetch_one(_JUDGED, (package_id,))
        if row is None:
            raise absent()
        summary, readme, blob_key, *safety = row
        return decode_package(summary, readme, blob_key=blob_key), safety_of(*safety)

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        wanted = list(dict.fromkeys(package_ids))
        if not wanted:
            return []
        if len(wanted) <= _FEW:
            return _in_order(wanted, self._database.fetch_all(_GET_FEW[len(wanted)], wanted))
        asked = (json.dumps(wanted),)
        return await self._database.read(lambda connection: _in_order(wanted, connection.execute(_GET_MANY, asked)))

    async def find_summaries(self, package_ids: Sequence[str]) -> list[PackageSummary]:
        wanted = json.dumps(list(dict.fromkeys(package_ids)))
        rows = await self._database.read(lambda connection: connection.execute(_SUMMARIES_BY_ID, (wanted,)).fetchall())
        return list(map(_summary_of, rows))

    async def find_document(self, package_id: str) -> PackageDocument | None:
        row = self._database.fetch_one(_DOCUMENT, (package_id,))
        return None if row is None else document_of(*row)

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        if wanted.names is not None:
            names = NamePatterns(self._existing_names(wanted.names))
            wanted = replace(wanted, viewer=replace(wanted.viewer, names=names))
        streams, walk, one_more = list(branches(wanted)), walk_of(wanted, after), limit + 1
        if not streams:
            return SummaryPage((), None)
        versions = wanted.versions
        if check := check_for(wanted):
            return await self._database.read(
                lambda connection: _checked_page(connection, streams, check, walk, limit=limit)
            )
        if versions is not None and not versions.exact:
            span = KeySpan.of(versions)
            rows = await self._database.read(
                lambda connection: _summaries_in_range(connection, streams, span, walk, limit=one_more)
            )
        else:
            if versions is not None:
                streams = [at_version(stream, version_key(versions.lower)) for stream in streams]
            rows = self._database.fetch_all(*merged(SUMMARY_COLUMNS, streams, walk, limit=one_more))
        items = tuple(map(_summary_of, rows[:limit]))
        return SummaryPage(items, items[-1].id if len(rows) > limit else None)

    def _existing_names(self, names: NamePatterns) -> tuple[str, ...]:
        """The names within patterns of the form `acme/*`, where they are few: indexes hold them. Else the patterns."""
        found: list[str] = []
        for pattern in names.patterns:
            if "*" not in pattern:
                found.append(pattern)
            elif pattern.index("*") == len(pattern) - 1 and len(pattern) > 1:
                begin = pattern[:-1]
                rows = self._database.fetch_all(_NAMES, {"from": begin, "to": f"{begin}\x7f", "limit": MAX_NAMES + 1})
                found += [name for (name,) in rows]
            else:
                return names.patterns
            if len(found) > MAX_NAMES:
                return names.patterns
        return tuple(dict.fromkeys(found))

    async def find_version(self, kind: PackageType, name: str, version: Version) -> str | None:
        row = self._database.fetch_one(_VERSION, (name, str(version), kind.value))
        return None if row is None else str(row[0])

    async def list_versions(self, names: Sequence[str]) -> dict[str, list[NamedVersion]]:
        unique = list(dict.fromkeys(names))
        if len(unique) <= _FEW:
            rows = self._database.fetch_all(_VERSIONS_OF_FEW[len(unique)], (*unique, _FEW_VERSIONS + 1))
            if len(rows) <= _FEW_VERSIONS:
                return _by_name(rows)
        asked = (json.dumps(unique),)
        return await self._database.read(lambda connection: _by_name(connection.execute(_VERSIONS, asked)))


def _in_order(wanted: Sequence[str], rows: Iterable[Any]) -> list[Package]:
    """The packages that rows of `_GET_MANY` hold, in the order of their ids in `wanted`."""
    found = {
        package_id: decode_package(summary, readme, blob_key=blob_key) for package_id, summary, readme, blob_key in rows
    }
    return [found[package_id] for package_id in wanted if package_id in found]


def _by_name(rows: Iterable[Any]) -> dict[str, list[NamedVersion]]:
    """The versions that rows of `_VERSIONS` hold, by name, the highest first."""
    found: dict[str, list[NamedVersion]] = {}
    for name, package_id, version, status, kind in rows:
        named = NamedVersion(package_id, Version.parse(version), _STATUSES[status], PackageType(kind))
        found.setdefault(name, []).append(named)
    for versions in found.values():
        versions.sort(key=lambda named: (named.version, named.id), reverse=True)
    return found


def _summaries_in_range(
    connection: sqlite3.Connection, streams: list[Branch], span: KeySpan, walk: Walk, *, limit: int
) -> list[tuple[str, bytes, int]]:
    entries = entries_in_range(connection, streams, span, walk, limit=limit)
    return _summaries(connection, [number for _, number in entries])


def _checked_page(
    connection: sqlite3.Connection, streams: list[Branch], check: Check, walk: Walk, *, limit: int
) -> SummaryPage:
    numbers, next_after = checked_entries(connection, streams, check, walk, limit=limit)
    return SummaryPage(tuple(map(_summary_of, _summaries(connection, numbers))), next_after)


def _summaries(connection: sqlite3.Connection, numbers: list[int]) -> list[tuple[str, bytes, int]]:
    return connection.execute(_SUMMARIES, (json.dumps(numbers),)).fetchall()
