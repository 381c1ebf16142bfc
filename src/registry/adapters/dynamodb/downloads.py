"""Counts of downloads in DynamoDB, and rankings by them.

The counts of a day lie in a few partitions, so that many downloads at once do not meet in one. A ranking reads those of
thirty days, one item for each package and day with downloads; they expire by themselves.
"""

import asyncio
import heapq
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action, Item, binary, number
from registry.adapters.dynamodb.records import attribute
from registry.domain.downloads import COUNTED_DAYS, Downloaded, Ranking
from registry.domain.packages import PackageType

_COUNTED_AT_ONCE = 25
_KEPT = timedelta(days=COUNTED_DAYS + 2)


class DynamoDownloadStore:
    """Implements `DownloadStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def count(self, counts: Mapping[Downloaded, int]) -> None:
        # In small transactions, each of which can be tried again without being counted twice.
        left = iter(counts.items())
        while some := list(islice(left, _COUNTED_AT_ONCE)):
            by_name: Counter[tuple[PackageType, str]] = Counter()
            for downloaded, count in some:
                by_name[downloaded.type, downloaded.name] += count
            names = [self._table.add(keys.downloads_key(*name), "count", count) for name, count in by_name.items()]
            await self._table.transact([*names, *(self._count_day(*each) for each in some)])

    def _count_day(self, downloaded: Downloaded, count: int) -> Action:
        expires_at = datetime.combine(downloaded.day, time(), UTC) + _KEPT
        return self._table.update(
            keys.day_count_key(downloaded.day, downloaded.package_id),
            "ADD #count :count SET expires_at = :expires_at",
            condition="",
            values={":count": number(count), ":expires_at": number(int(expires_at.timestamp()))},
            names={"#count": "count"},
        )

    async def find_totals(self, names: Collection[tuple[PackageType, str]]) -> Mapping[tuple[PackageType, str], int]:
        by_place = {keys.place_of(keys.downloads_key(*each)): each for each in names}
        items = await self._table.batch_get([keys.downloads_key(*each) for each in by_place.values()])
        return {by_place[keys.place_of(item)]: int(attribute(item, "count", "N")) for item in items}

    async def list_most(self, since: date, *, limit: int) -> Sequence[str]:
        counted: Counter[str] = Counter()
        for day in (since + timedelta(days=days) for days in range(COUNTED_DAYS)):
            # A day after the other, so that the table has capacity left for requests.
            for items in await asyncio.gather(*map(self._table.query_all, keys.day_count_shards(day))):
                for item in items:
                    counted[attribute(item, "sk")] += int(attribute(item, "count", "N"))
        most = heapq.nlargest(limit, ((count, package_id) for package_id, count in counted.items()))
        return [package_id for _, package_id in most]

    async def list_days(self, package_id: str, days: Sequence[date]) -> Mapping[date, int]:
        wanted = {keys.day_count_key(day, package_id)["pk"]["S"]: day for day in days}
        items = await self._table.batch_get([keys.day_count_key(day, package_id) for day in days])
        return {wanted[attribute(item, "pk")]: int(attribute(item, "count", "N")) for item in items}

    async def add_ranking(self, ranking: Ranking, *, expires_at: datetime) -> None:
        item: Item = {
            **keys.ranking_key(ranking.id),
            "package_ids": binary(zlib.compress("\n".join(ranking.package_ids).encode())),
            "expires_at": number(int(expires_at.timestamp())),
        }
        await self._table.transact([self._table.put(item)])

    async def find_ranking(self, ranking_id: str | None = None) -> Ranking | None:
        if ranking_id is not None:
            item = await self._table.get(keys.ranking_key(ranking_id))
        else:
            items, _ = await self._table.query(keys.RANKINGS, limit=1, newest_first=True)
            item = items[0] if items else None
        if item is None:
            return None
        package_ids = zlib.decompress(attribute(item, "package_ids", "B")).decode()
        return Ranking(attribute(item, "sk"), tuple(filter(None, package_ids.split("\n"))))
