"""Whatever the clocks and delays of writers are, within what is documented, no follower misses a change."""

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from datetime import timedelta
from heapq import heappop, heappush
from operator import itemgetter
from random import Random
from typing import cast

import pytest

from registry.adapters.dynamodb.change_positions import LOOK_BACK, MAX_SKEW, MAX_WRITE, SECOND_READ
from registry.adapters.dynamodb.changes import DynamoChangeFeed, change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, place_of
from tests.factories import START, ManualClock

_POLL = timedelta(seconds=0.5)


class Log:
    """As much of a table as a feed needs. Entries are visible from the time that `write` was given."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._coming: list[tuple[float, str, str, Item]] = []
        self._visible: dict[str, list[tuple[str, Item]]] = defaultdict(list)
        self.read_items = 0
        self.queries = 0

    def write(self, package_id: str, *, stamped: timedelta, delay: timedelta) -> None:
        """An entry by a clock that is `stamped` ahead, visible after `delay`."""
        now = self._clock.now()
        item = change_item(package_id, now=now + stamped)
        heappush(self._coming, ((now + delay).timestamp(), *place_of(item), item))

    def _arrive(self) -> None:
        now = self._clock.now().timestamp()
        while self._coming and self._coming[0][0] <= now:
            _, partition, key, item = heappop(self._coming)
            insort(self._visible[partition], (key, item), key=itemgetter(0))

    async def query(
        self, partition: str, *, after: str, to: str = "~", limit: int = 1_000, consistent: bool = True
    ) -> tuple[list[Item], bool]:
        self._arrive()
        entries = self._visible[partition]
        begin, end = (bisect_right(entries, key, key=itemgetter(0)) for key in (after, to))
        found = entries[begin : min(end, begin + limit)]
        self.queries += 1
        self.read_items += len(found)
        return [item for _, item in found], begin + limit >= end


def _feed(log: Log, clock: ManualClock, *, ahead: timedelta = timedelta()) -> DynamoChangeFeed:
    class Ahead:
        def now(self) -> object:
            return clock.now() + ahead

    return DynamoChangeFeed(cast("DynamoTable", log), clock=cast("ManualClock", Ahead()))


async def _poll(feed: DynamoChangeFeed, cursor: str, seen: Counter[str], *, limit: int) -> str:
    while True:
        page = await feed.read(cursor, limit=limit)
        assert page is not None
        seen.update(page.package_ids)
        cursor = page.cursor
        if page.complete:
            return cursor


@pytest.mark.parametrize("seed", range(12))
async def test_no_change_is_missed(seed: int) -> None:
    random, clock = Random(seed), ManualClock(START)  # noqa: S311
    log = Log(clock)
    # All clocks are within MAX_SKEW of each other.
    skews = [MAX_SKEW * random.choice([0, 0, random.random(), 1]) for _ in range(3)]
    feed = _feed(log, clock, ahead=random.choice([*skews, MAX_SKEW, timedelta()]))
    cursor, seen, written = await feed.latest(), Counter[str](), 0
    busy, limit = random.choice([3, 40]), random.choice([7, 200])
    for step in range(160):
        clock.advance(_POLL * random.choice([1, 1, 1, 1, 30 if seed % 3 == 0 else 1]))
        # Bursts, and quiet times in between.
        for _ in range(random.randrange(busy) if step % 60 < 40 else 0):
            delay = MAX_WRITE * random.random() if random.random() < 0.05 else timedelta(seconds=random.random() / 20)
            log.write(f"p{written}", stamped=random.choice(skews), delay=delay)
            written += 1
        if random.random() < 0.9:
            cursor = await _poll(feed, cursor, seen, limit=limit)
    for _ in range(8):
        clock.advance((LOOK_BACK + SECOND_READ) / 4)
        cursor = await _poll(feed, cursor, seen, limit=limit)
    assert set(seen) == {f"p{number}" for number in range(written)}


async def test_a_long_list_of_changes_is_read_once() -> None:
    clock = ManualClock(START)
    log = Log(clock)
    feed = _feed(log, clock)
    cursor, seen = await feed.latest(), Counter[str]()
    for number in range(4_000):
        log.write(f"p{number}", stamped=timedelta(milliseconds=number), delay=timedelta())
    clock.advance(LOOK_BACK * 2)
    log.read_items = 0

    await _poll(feed, cursor, seen, limit=200)

    assert set(seen.values()) == {1}
    assert len(seen) == 4_000
    assert log.read_items < 4_000 * 1.05


async def test_a_busy_log_is_read_about_twice() -> None:
    clock = ManualClock(START)
    log = Log(clock)
    feed = _feed(log, clock)
    cursor, seen = await feed.latest(), Counter[str]()
    for second in range(360):
        for number in range(50):
            log.write(f"p{second}-{number}", stamped=timedelta(), delay=timedelta())
            clock.advance(_POLL / 50)
        if second == 180:  # the first second reads have been made
            log.read_items, log.queries = 0, 0
        cursor = await _poll(feed, cursor, seen, limit=200)

    assert set(seen.values()) == {1}
    assert log.read_items < 180 * (2.4 * 50 + 4 * 20)
    assert log.queries < 180 * 4 * 1.2


async def test_a_quiet_log_costs_a_query_for_each_shard() -> None:
    clock = ManualClock(START + timedelta(minutes=30))
    log = Log(clock)
    feed = _feed(log, clock)
    cursor, stored = await feed.latest(), 0
    log.queries = 0
    for _ in range(240):
        clock.advance(_POLL)
        page = await feed.read(cursor, limit=200, current=False)
        assert page is not None
        stored += page.cursor != cursor
        cursor = page.cursor
    assert log.queries == 240 * 4
    assert stored <= 2
