"""Releases: one transaction."""

import sqlite3
from datetime import datetime

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.names import replace_name
from registry.adapters.sqlite.package_writing import PackageWriting, record, request
from registry.domain.releases import Release
from registry.domain.times import to_microseconds
from registry.ports.clock import Clock
from registry.ports.names import NameChange


class SqliteReleaseStore:
    """Implements `ReleaseStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def release(self, release: Release) -> None:
        now = to_microseconds(self._clock.now())
        released = [(PackageWriting(each.package), each) for each in release.packages]

        def operation(connection: sqlite3.Connection) -> None:
            record(connection, [each.change for each in release.packages], now=now)
            for writing, each in released:
                writing.update(connection, each.change, expected_revision=each.package.revision - 1)
            request(connection, [(each.package, each.change) for each in release.packages], now=now)
            for named in release.names:
                change = NameChange(release.principal, audit=named.audit, events=named.events)
                replace_name(connection, named.name, change, now=now)

        await self._database.write(operation)

    async def settle(self, now: datetime) -> int:  # noqa: ARG002 – a release leaves nothing behind
        return 0
