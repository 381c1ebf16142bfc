"""What operators and the background sweep need."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.adapters.sqlite.accounts import insert_account
from registry.adapters.sqlite.changes import record_reset
from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.accounts import Account
from registry.domain.downloads import COUNTED_DAYS
from registry.domain.times import to_microseconds
from registry.domain.webhooks import DELIVERIES_KEPT

COUNTS_KEPT = timedelta(days=COUNTED_DAYS + 2)
HEALTH_KEPT = timedelta(hours=25)
"""The longest window that can be asked for is 24 hours."""

_ROWS_AT_A_TIME = 1_000
_LIVE = """SELECT blob_key FROM packages WHERE blob_key IN (SELECT value FROM json_each(:keys))
    UNION ALL SELECT key FROM uploads WHERE key IN (SELECT value FROM json_each(:keys))
    UNION ALL SELECT blob_key FROM derived WHERE blob_key IN (SELECT value FROM json_each(:keys))"""
_CONTENTS = """SELECT id, blob_key, CAST(summary AS TEXT) FROM packages
    WHERE id > ? AND blob_key IS NOT NULL ORDER BY id LIMIT ?"""
_ORPHANS = f"""DELETE FROM deliveries WHERE number IN (
    SELECT number FROM deliveries WHERE webhook_id NOT IN (SELECT id FROM webhooks) LIMIT {_ROWS_AT_A_TIME})"""  # noqa: S608 - fixed texts
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"


def _purge(table: str, column: str) -> str:
    return (
        f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} "  # noqa: S608 - fixed texts
        f"WHERE {column} <= ? LIMIT {_ROWS_AT_A_TIME})"
    )


class SqliteRecordMaintenance:
    """Implements `RecordMaintenance`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def live_blob_keys(self, keys: Sequence[str]) -> set[str]:
        rows = await self._database.read(
            lambda connection: connection.execute(_LIVE, {"keys": json.dumps(list(keys))}).fetchall()
        )
        return {key for (key,) in rows}

    async def list_contents(self) -> AsyncIterator[tuple[str, str, int, str]]:
        after = ""
        while rows := await self._database.read(_page_of_contents(after)):
            for package_id, blob_key, summary in rows:
                content = json.loads(summary)["content"]
                yield package_id, blob_key, content["size"], content["sha256"]
            after = rows[-1][0]

    async def purge_expired(self, now: datetime) -> int:
        moment = to_microseconds(now)
        return (
            await self._drop(_purge("idempotency_records", "expires_at"), moment)
            + await self._drop(_purge("revoked_tokens", "expires_at"), moment)
            + await self._drop(_purge("api_tokens", "expires_at"), moment)
            + await self._drop(_purge("source_urls", "expires_at"), moment)
            + await self._drop(_purge("health", "minute"), to_microseconds(now - HEALTH_KEPT))
            + await self._drop(_purge("download_counts", "day"), (now - COUNTS_KEPT).date().isoformat())
            + await self._drop(_purge("download_rankings", "expires_at"), moment)
            + await self._drop(_purge("deliveries", "ended_at"), to_microseconds(now - DELIVERIES_KEPT))
            + await self._drop(_ORPHANS)
        )

    async def _drop(self, sql: str, *parameters: int | str) -> int:
        # In small transactions, so that nobody's write waits for a long one.
        dropped = 0
        while True:
            count = await self._database.write(lambda connection: connection.execute(sql, parameters).rowcount)
            dropped += count
            if count < _ROWS_AT_A_TIME:
                return dropped

    async def reset(self, admin: Account) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            for (table,) in connection.execute(_TABLES).fetchall():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the schema
            record_reset(connection)
            insert_account(connection, admin)

        await self._database.write(operation)

    async def upgrade_listings(self) -> bool:
        """Done when the file was opened."""
        return False

    async def ping(self) -> None:
        self._database.fetch_one("SELECT count(*) FROM sqlite_master")


def _page_of_contents(after: str) -> Any:
    def query(connection: sqlite3.Connection) -> list[Any]:
        return connection.execute(_CONTENTS, (after, _ROWS_AT_A_TIME)).fetchall()

    return query
