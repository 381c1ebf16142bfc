"""Addresses with secrets of packages that are being fetched."""

import sqlite3
from datetime import datetime

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.times import to_microseconds

_PUT = "INSERT OR REPLACE INTO source_urls (package_id, url, expires_at) VALUES (?, ?, ?)"


class SqliteSourceUrlStore:
    """Implements `SourceUrlStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, package_id: str, url: str, *, expires_at: datetime) -> None:
        row = (package_id, url, to_microseconds(expires_at))

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT, row)

        await self._database.write(operation)

    async def find(self, package_id: str) -> str | None:
        row = self._database.fetch_one("SELECT url FROM source_urls WHERE package_id = ?", (package_id,))
        return row[0] if row else None

    async def remove(self, package_id: str) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM source_urls WHERE package_id = ?", (package_id,))

        await self._database.write(operation)
