"""The order of changes in DynamoDB: a log that every change writes to in its own transaction.

No counter gives the changes their numbers, since all writers would queue for it. Entries stand under the writer's
time instead, and a transaction becomes visible a little after that. So a follower looks back a few seconds each time,
and its cursor holds what it has been reported of those seconds: nothing is missed, nothing is reported twice.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.ports.changes import ChangePage
from registry.ports.clock import Clock

LOOK_BACK = timedelta(seconds=10)
"""The deadline of a write (4 s) and what clocks of hosts differ by, with room."""
LOOK_AHEAD = 1_000
"""Within so many entries a package is reported once, at its last change."""
KEPT = timedelta(hours=26)
GOOD_FOR = timedelta(hours=24)
"""A follower that was away for longer begins again."""
RESET = ""
"""Stands in place of a package's id where the registry was reset."""

_numbers = count()


def change_item(package_id: str, *, now: datetime) -> Item:
    """The entry of a change. Those that a process writes in one microsecond keep their order."""
    return {
        **keys.key(_partition(now), f"{_moment(now)}#{next(_numbers):010d}#{package_id}"),
        "package_id": text(package_id),
        "expires_at": number(int((now + KEPT).timestamp())),
    }


def _partition(moment: datetime) -> str:
    return f"C#{moment.astimezone(UTC):%Y-%m-%dT%H}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class DynamoChangeFeed:
    """Implements `ChangeFeed`. Up to date it costs a query, two around the hour."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def latest(self) -> str:
        now = self._clock.now()
        reported = [key async for key, _ in self._entries(now - LOOK_BACK)]
        return _cursor(now, reported)

    async def read(self, after: str, *, limit: int) -> ChangePage | None:
        position, reported = _read_cursor(after)
        if position < self._clock.now() - GOOD_FOR:
            return None
        pending: list[tuple[str, str]] = []
        async for entry in self._entries(position - LOOK_BACK):
            if entry[0] not in reported:
                pending.append(entry)
            if len(pending) >= LOOK_AHEAD + limit:
                break
        if any(package_id == RESET for _, package_id in pending):
            return None
        last = {package_id: key for key, package_id in pending}
        page = sorted((key, package_id) for package_id, key in last.items())[:limit]
        if not page:
            return ChangePage(after, ())
        position = max(position, datetime.fromisoformat(page[-1][0].partition("#")[0]))
        # Earlier changes of a package that is reported at a later one count as reported.
        done = {package_id for _, package_id in page}
        kept = [key for key in reported if key >= _moment(position - LOOK_BACK)]
        kept += [key for key, package_id in pending if package_id in done]
        return ChangePage(_cursor(position, kept), tuple(package_id for _, package_id in page))

    async def _entries(self, begin: datetime) -> AsyncIterator[tuple[str, str]]:
        """The keys and package ids of the entries from `begin` on, oldest first."""
        end = self._clock.now() + LOOK_BACK
        hour = begin.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while hour <= end:
            for item in await self._table.query_all(_partition(hour), after=_moment(begin)):
                yield attribute(item, "sk"), attribute(item, "package_id")
            hour += timedelta(hours=1)


def _cursor(position: datetime, reported: list[str]) -> str:
    return orjson.dumps([_moment(position), reported]).decode()


def _read_cursor(cursor: str) -> tuple[datetime, set[str]]:
    position, reported = orjson.loads(cursor)
    return datetime.fromisoformat(position), set(reported)
