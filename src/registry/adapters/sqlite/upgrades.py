"""How far changes that concern every package have been carried out."""

from registry.adapters.sqlite.database import SqliteDatabase

_SWAP = """INSERT INTO upgrades (name, state) SELECT ?1, ?2
    WHERE ?3 IS (SELECT state FROM upgrades WHERE name = ?1)
    ON CONFLICT (name) DO UPDATE SET state = excluded.state"""


class SqliteUpgradeStore:
    """Implements `UpgradeStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find(self, name: str) -> str | None:
        row = self._database.fetch_one("SELECT state FROM upgrades WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    async def swap(self, name: str, state: str, *, expected: str | None) -> bool:
        row = (name, state, expected)
        return await self._database.write(lambda connection: connection.execute(_SWAP, row).rowcount) == 1
