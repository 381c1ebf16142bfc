"""Counts of downloads, and rankings by them."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.downloads import Downloaded, Ranking
from registry.domain.packages import PackageType
from registry.domain.times import to_microseconds

_NAMES = """UPDATE names SET downloads = names.downloads + json_extract(counted.value, '$[2]')
    FROM json_each(?) AS counted WHERE names.name = json_extract(counted.value, '$[0]')
        AND names.type = json_extract(counted.value, '$[1]')"""
_DAYS = """INSERT INTO download_counts (day, package_id, count) VALUES (?, ?, ?)
    ON CONFLICT (day, package_id) DO UPDATE SET count = count + excluded.count"""
_TOTALS = """SELECT n.type, n.name, n.downloads FROM json_each(?) AS wanted
    CROSS JOIN names AS n ON n.name = json_extract(wanted.value, '$[0]')
        AND n.type = json_extract(wanted.value, '$[1]')"""
_MOST = """SELECT package_id FROM download_counts WHERE day >= ?
    GROUP BY package_id ORDER BY sum(count) DESC, package_id DESC LIMIT ?"""
_OF_PACKAGE = """SELECT day, count FROM download_counts
    WHERE day IN (SELECT value FROM json_each(?)) AND package_id = ?"""
_ADD = "INSERT OR REPLACE INTO download_rankings (id, package_ids, expires_at) VALUES (?, ?, ?)"
_FIND = "SELECT id, package_ids FROM download_rankings WHERE id = coalesce(?, id) ORDER BY id DESC LIMIT 1"


class SqliteDownloadStore:
    """Implements `DownloadStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def count(self, counts: Mapping[Downloaded, int]) -> None:
        by_name: Counter[tuple[str, str]] = Counter()
        for downloaded, count in counts.items():
            by_name[downloaded.name, downloaded.type.value] += count
        names = json.dumps([(*name, count) for name, count in by_name.items()])
        days = [(downloaded.day.isoformat(), downloaded.package_id, count) for downloaded, count in counts.items()]

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(_NAMES, (names,))
            connection.executemany(_DAYS, days)

        await self._database.write(operation)

    async def find_totals(self, names: Collection[tuple[PackageType, str]]) -> Mapping[tuple[PackageType, str], int]:
        wanted = json.dumps([(name, kind.value) for kind, name in names])
        rows = self._database.fetch_all(_TOTALS, (wanted,))
        return {(PackageType(kind), name): count for kind, name, count in rows}

    async def list_most(self, since: date, *, limit: int) -> Sequence[str]:
        row = (since.isoformat(), limit)
        rows = await self._database.read(lambda connection: connection.execute(_MOST, row).fetchall())
        return [package_id for (package_id,) in rows]

    async def list_days(self, package_id: str, days: Sequence[date]) -> Mapping[date, int]:
        rows = self._database.fetch_all(_OF_PACKAGE, (json.dumps([day.isoformat() for day in days]), package_id))
        return {date.fromisoformat(day): count for day, count in rows}

    async def add_ranking(self, ranking: Ranking, *, expires_at: datetime) -> None:
        row = (ranking.id, json.dumps(ranking.package_ids), to_microseconds(expires_at))
        await self._database.write(lambda connection: connection.execute(_ADD, row).rowcount)

    async def find_ranking(self, ranking_id: str | None = None) -> Ranking | None:
        row = self._database.fetch_one(_FIND, (ranking_id,))
        return None if row is None else Ranking(row[0], tuple(json.loads(row[1])))
