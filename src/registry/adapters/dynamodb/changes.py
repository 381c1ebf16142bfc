"""The order of changes in DynamoDB: a log that every change writes to in its own transaction.

No counter gives the changes their numbers, since all writers would queue for it. Entries stand under the writer's time
instead, in the partition of their hour and of their package's shard. `change_positions` says how a follower misses none
of them and reads each about once.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.change_positions import MAX_SKEW, Cursor, Entry, Position, Times, moment, time_of
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.ports.changes import ChangePage
from registry.ports.clock import Clock

KEPT = timedelta(hours=26)
GOOD_FOR = timedelta(hours=24)
"""A follower that was away for longer begins again."""
RESET = ""
"""Stands in place of a package's id where the registry was reset."""
_STORED_EVERY = timedelta(seconds=60)
"""So often a follower stores that time has passed and nothing changed."""
_ALL_AT_ONCE = 1_000

_numbers = count()


def change_item(package_id: str, *, now: datetime) -> Item:
    """The entry of a change. Those that a process writes in one microsecond keep their order."""
    return {
        **keys.key(_partition(now, keys.shard_of(package_id)), f"{moment(now)}#{next(_numbers):010d}#{package_id}"),
        "package_id": text(package_id),
        "expires_at": number(int((now + KEPT).timestamp())),
    }


def _partition(at: datetime, shard: int) -> str:
    # Shard 0 is where versions without shards wrote everything, so that what they write is found.
    return f"C#{at.astimezone(UTC):%Y-%m-%dT%H}" + (f"#{shard}" if shard else "")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a shard had. `exhausted`: that is all there is by now."""

    entries: list[Entry]
    exhausted: bool


class DynamoChangeFeed:
    """Implements `ChangeFeed`. Up to date it costs half a read unit for each shard, one where `current`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def latest(self) -> str:
        now = self._clock.now()
        times = Times.of(now)
        positions = [Position.at(times.horizon)] * keys.SHARDS
        while True:
            reads = await self._read_all(positions, share=_ALL_AT_ONCE, now=now, current=True)
            positions = [
                position.after(read.entries, read.entries, times, exhausted=read.exhausted)
                for position, read in zip(positions, reads, strict=True)
            ]
            if all(read.exhausted for read in reads):
                return Cursor(tuple(positions)).encode()

    async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:
        now = self._clock.now()
        cursor = Cursor.decode(after, shards=keys.SHARDS)
        if cursor.settled < moment(now - GOOD_FOR):
            return None
        positions, late = await self._read_late(cursor.positions, limit=limit, now=now)
        share = ceil(limit / keys.SHARDS)
        reads = await self._read_all(positions, share=share, now=now, current=current)
        found = [*late]
        for position, read in zip(positions, reads, strict=True):
            found += position.new_among(read.entries)
        if any(entry.package_id == RESET for entry in found):
            return None
        ids = _at_last_change(found)
        # What was late is reported in this page: the positions are after it already.
        room = max(0, limit - len({entry.package_id for entry in late}))
        taken = {entry.package_id for entry in late}
        taken.update([package_id for package_id in ids if package_id not in taken][:room])
        moved = Cursor(
            tuple(
                position.after(
                    read.entries,
                    [entry for entry in read.entries if entry.package_id in taken],
                    Times.of(now),
                    exhausted=read.exhausted,
                )
                for position, read in zip(positions, reads, strict=True)
            )
        )
        complete = (
            len(taken) == len(ids) and all(read.exhausted for read in reads) and not moved.second_read_is_due(now)
        )
        worth_storing = taken or positions != cursor.positions or _is_later(moved, cursor)
        stored = moved.encode() if worth_storing else after
        return ChangePage(stored, tuple(package_id for package_id in ids if package_id in taken), complete=complete)

    async def _read_late(
        self, positions: tuple[Position, ...], *, limit: int, now: datetime
    ) -> tuple[tuple[Position, ...], list[Entry]]:
        """Read a second time what is due: the positions after that, and entries of seconds that were not whole."""
        settled, late = list(positions), list[Entry]()
        for shard, position in enumerate(positions):
            to = position.second_read(now)
            if to is not None and len(late) < limit:
                entries = await self._entries_between(shard, position.settled, to)
                settled[shard], again = position.after_second(entries, to=to, limit=limit - len(late))
                late += again
        return tuple(settled), late

    async def _entries_between(self, shard: int, after: str, to: str) -> list[Entry]:
        entries: list[Entry] = []
        for hour in _hours(time_of(after), time_of(to)):
            last = False
            while not last:
                items, last = await self._table.query(_partition(hour, shard), after=after, to=to)
                entries += map(_entry, items)
                after = entries[-1].key if items else after
        return entries

    async def _read_all(
        self, positions: Sequence[Position], *, share: int, now: datetime, current: bool
    ) -> "list[_Read]":
        reads = [
            self._read_shard(shard, position, share=share, now=now, current=current)
            for shard, position in enumerate(positions)
        ]
        return await asyncio.gather(*reads)

    async def _read_shard(self, shard: int, position: Position, *, share: int, now: datetime, current: bool) -> "_Read":
        """The entries after `position.start`: those that were reported, and `share` others where there are as many."""
        wanted, entries = len(position.reported) + share, list[Entry]()
        for hour in _hours(time_of(position.start), now + MAX_SKEW):
            limit = wanted - len(entries)
            items, last = await self._table.query(
                _partition(hour, shard), after=position.start, limit=limit, consistent=current
            )
            entries += map(_entry, items)
            if not last:
                return _Read(entries, exhausted=False)
        return _Read(entries, exhausted=True)


def _entry(item: Item) -> Entry:
    return Entry(attribute(item, "sk"), attribute(item, "package_id"))


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= last:
        yield hour
        hour += timedelta(hours=1)


def _at_last_change(entries: Iterable[Entry]) -> list[str]:
    """The packages, in the order of the last change of each."""
    last: dict[str, str] = {}
    for entry in entries:
        last[entry.package_id] = max(entry.key, last.get(entry.package_id, ""))
    return sorted(last, key=last.__getitem__)


def _is_later(moved: Cursor, before: Cursor) -> bool:
    """Whether so much time has passed without a change that it is worth a write."""
    return time_of(moved.settled) - time_of(before.settled) >= _STORED_EVERY
