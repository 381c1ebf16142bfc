"""The order of changes where several hosts write at once, each by its own clock."""

from datetime import timedelta

import orjson
import pytest

from registry.adapters.dynamodb.change_positions import MAX_SKEW, MAX_WRITE, moment
from registry.adapters.dynamodb.changes import GOOD_FOR, DynamoChangeFeed, change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import key, text
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.ports.changes import ChangePage
from tests.dynamodb.samples import change, package
from tests.factories import ManualClock, make_id


async def _add(packages: DynamoPackageStore) -> str:
    published = package(name=make_id())
    await packages.add(published, change(published))
    return published.id


async def _put(table: DynamoTable, *package_ids: str, clock: ManualClock) -> None:
    for package_id in package_ids:
        await table.transact([table.put(change_item(package_id, now=clock.now()))])


class Follower:
    """Goes on from its last cursor."""

    def __init__(self, table: DynamoTable, clock: ManualClock) -> None:
        self.feed = DynamoChangeFeed(table, clock=clock)
        self.cursor = ""

    async def begin(self) -> "Follower":
        self.cursor = await self.feed.latest()
        return self

    async def look(self, *, limit: int = 200) -> tuple[str, ...]:
        """One poll."""
        page = await self.feed.read(self.cursor, limit=limit, current=False)
        assert page is not None
        self.cursor = page.cursor
        return page.package_ids


@pytest.mark.parametrize("skew", [MAX_SKEW, -MAX_SKEW])
@pytest.mark.parametrize("seconds", [0.5, 7.0])
async def test_hosts_whose_clocks_are_apart_see_each_change_of_the_other_at_once(
    table: DynamoTable, clock: ManualClock, skew: timedelta, seconds: float
) -> None:
    """Here the hosts write by turns, and look after each change."""
    other_clock = ManualClock(clock.now() + skew)
    here, there = DynamoPackageStore(table, clock=clock), DynamoPackageStore(table, clock=other_clock)
    one, other = await Follower(table, clock).begin(), await Follower(table, other_clock).begin()
    for number in range(10):
        added = await _add((here, there)[number % 2])
        assert await one.look() == (added,)
        assert await other.look() == (added,)
        for each in (clock, other_clock):
            each.advance(timedelta(seconds=seconds))
        assert await one.look() == ()
        assert await other.look() == ()


async def test_a_write_that_becomes_visible_late_is_reported(table: DynamoTable, clock: ManualClock) -> None:
    slow_clock = ManualClock(clock.now() - MAX_WRITE)
    quick, slow = DynamoPackageStore(table, clock=clock), DynamoPackageStore(table, clock=slow_clock)
    follower = await Follower(table, clock).begin()
    first = await _add(quick)
    assert await follower.look() == (first,)

    late = await _add(slow)

    assert await follower.look() == (late,)
    assert await follower.feed.read(follower.cursor, limit=10) == ChangePage(follower.cursor, ())


async def test_changes_are_reported_across_the_hours_and_the_cursor_stays_small(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock
) -> None:
    follower = await Follower(table, clock).begin()
    empty = len(follower.cursor)
    for _ in range(8):
        clock.advance(timedelta(minutes=25))
        added = await _add(packages)
        assert await follower.look() == (added,)
        assert len(follower.cursor) < empty + 50, "what is out of the look-back is forgotten"


async def test_a_follower_that_was_away_for_long_begins_again(table: DynamoTable, clock: ManualClock) -> None:
    follower = await Follower(table, clock).begin()
    clock.advance(GOOD_FOR - timedelta(minutes=2))
    assert await follower.feed.read(follower.cursor, limit=10) is not None
    clock.advance(timedelta(minutes=2))

    assert await follower.feed.read(follower.cursor, limit=10) is None


async def test_a_quiet_day_ends_no_cursor(table: DynamoTable, clock: ManualClock) -> None:
    follower = await Follower(table, clock).begin()
    for _ in range(30):
        clock.advance(timedelta(hours=1))
        assert await follower.look() == ()
    await _put(table, "late", clock=clock)
    assert await follower.look() == ("late",)


async def test_what_versions_without_shards_wrote_and_stored_is_read(table: DynamoTable, clock: ManualClock) -> None:
    """They wrote all changes to one partition of the hour; their cursors were a time and the keys reported lately."""
    feed, now = DynamoChangeFeed(table, clock=clock), clock.now()
    before = orjson.dumps([moment(now), [f"{moment(now)}#0000000000#old"]]).decode()
    await table.transact(
        [
            table.put({**key(f"C#{now:%Y-%m-%dT%H}", f"{moment(now)}#0000000001#{name}"), "package_id": text(name)})
            for name in ("first", "second", "third", "fourth")
        ]
    )
    await _put(table, *"abcdefgh", clock=clock)

    page = await feed.read(before, limit=200)

    assert page is not None
    assert set(page.package_ids) == {"first", "second", "third", "fourth", *"abcdefgh"}
    follower = Follower(table, clock)
    follower.cursor = page.cursor
    assert await follower.look() == ()
