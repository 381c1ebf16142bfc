"""What users store, and whether that is too much."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.quotas import Quota

_TAKEN = """SELECT coalesce((SELECT bytes FROM user_bytes WHERE user = :user), 0)
    + coalesce(sum(size), 0), count(*) FROM uploads WHERE created_by = :user"""


@contextmanager
def within(quota: Quota | None, connection: sqlite3.Connection) -> Iterator[None]:
    """Raises QuotaReached where what stands within takes the user beyond the quota, Throttled for too many uploads."""
    if quota is None:
        yield
        return
    bytes_before, uploads_before = _taken(connection, quota.user)
    yield
    bytes_after, uploads_after = _taken(connection, quota.user)
    if uploads_after > uploads_before:
        quota.check_uploads(uploads_after)
    if bytes_after > bytes_before:
        quota.check_bytes(bytes_before, bytes_after - bytes_before)


def _taken(connection: sqlite3.Connection, user: str) -> tuple[int, int]:
    """The bytes of the user's packages and open uploads, and the number of the latter."""
    taken, uploads = connection.execute(_TAKEN, {"user": user}).fetchone()
    return taken, uploads


class SqliteUsageStore:
    """Implements `UsageStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def stored_bytes(self, user: str) -> int:
        row = self._database.fetch_one("SELECT bytes FROM user_bytes WHERE user = ?", (user,))
        return row[0] if row else 0
