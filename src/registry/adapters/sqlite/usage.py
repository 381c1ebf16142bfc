"""What users store."""

from registry.adapters.sqlite.database import SqliteDatabase


class SqliteUsageStore:
    """Implements `UsageStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def stored_bytes(self, user: str) -> int:
        row = self._database.fetch_one("SELECT bytes FROM user_bytes WHERE user = ?", (user,))
        return row[0] if row else 0
