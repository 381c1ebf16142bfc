"""A registry full of packages, written in bulk: through the records' adapter, past HTTP and the blob store."""

import asyncio
import itertools
import sqlite3
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.package_writing import PackageWriting, insert_packages, record
from registry.adapters.sqlite.scores import list_by_score
from registry.adapters.system.ids import UuidSource
from registry.domain.packages import AuditAction, AuditEntry, Change, Content, Package, PackageStatus, PackageType
from registry.domain.times import to_microseconds
from registry.domain.versions import Version

_GROUP = 2_000
_TYPES = tuple(PackageType)
_VERSIONS_OF_ONE_NAME = 200
_RATING = """INSERT INTO ratings (package_id, revision, status, net_score, rated_at, etag, summary, body, receipt)
    VALUES (?1, ?2, 'complete', ?3, 0, '',
        json_object('net_score', ?3, 'net_score_range', json_array(?3, 1.0)), '{}', '')"""


@dataclass(frozen=True, slots=True)
class Filled:
    """The ids, oldest first, and a name that has 200 versions."""

    ids: list[str]
    common_name: str


def fill(data_dir: Path, count: int, *, rated_every: int = 0) -> Filled:
    """Put `count` packages with two tags each into a new data folder. Their content is described, not stored.

    One of `rated_every` has a rating (0: none has), with scores spread evenly.
    """
    return asyncio.run(_fill(data_dir, count, rated_every))


async def _fill(data_dir: Path, count: int, rated_every: int) -> Filled:
    database = await SqliteDatabase.open(data_dir / "registry.db", durable=False)
    ids = UuidSource()
    try:
        packages = (_package(number, ids.new_id()) for number in range(count))
        written: list[str] = []
        while group := list(itertools.islice(packages, _GROUP)):
            await database.write(lambda connection, group=group: _write(connection, group, ids))  # type: ignore[misc]
            written += [package.id for package in group]
            if rated_every:
                rated = group[::rated_every]
                await database.write(lambda connection, rated=rated: _rate(connection, rated))  # type: ignore[misc]
    finally:
        await database.close()
    return Filled(written, "acme/model-0")


def _write(connection: sqlite3.Connection, packages: list[Package], ids: UuidSource) -> None:
    changes = [
        Change(AuditEntry(ids.new_id(), package.id, package.created_at, "admin", AuditAction.CREATE, 1))
        for package in packages
    ]
    record(connection, changes, now=to_microseconds(packages[0].created_at))
    insert_packages(connection, [PackageWriting(package) for package in packages])


def _rate(connection: sqlite3.Connection, packages: list[Package]) -> None:
    for package in packages:
        score = zlib.crc32(package.id.encode()) % 1_000_001 / 1_000_000
        connection.execute(_RATING, (package.id, package.revision, score))
        list_by_score(connection, package.id)


def _package(number: int, package_id: str) -> Package:
    now, family = datetime.now(UTC), number // _VERSIONS_OF_ONE_NAME
    return Package(
        id=package_id,
        name=f"acme/model-{family}",
        version=Version(1, number % _VERSIONS_OF_ONE_NAME, 0),
        type=_TYPES[family % len(_TYPES)],
        status=PackageStatus.ACTIVE,
        created_by="admin",
        created_at=now,
        updated_at=now,
        description="A small model for sentences, quantized to eight bits.",
        license="Apache-2.0",
        tags=("nlp", f"family-{family % 50}"),
        content=Content(f"{number:032x}", 44_040_192, f"{number:064x}", "application/zip", f"model-{number}.zip"),
    )
