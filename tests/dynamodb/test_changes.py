"""The order of changes where several hosts write at once."""

from datetime import timedelta

from registry.adapters.dynamodb.changes import GOOD_FOR, LOOK_BACK, DynamoChangeFeed
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.ports.changes import ChangePage
from tests.dynamodb.samples import change, package
from tests.factories import ManualClock, make_id


async def _add(packages: DynamoPackageStore) -> str:
    published = package(name=make_id())
    await packages.add(published, change(published))
    return published.id


async def test_a_write_that_becomes_visible_late_is_told(table: DynamoTable, clock: ManualClock) -> None:
    feed = DynamoChangeFeed(table, clock=clock)
    slow_clock = ManualClock(clock.now() - LOOK_BACK / 2)
    quick, slow = DynamoPackageStore(table, clock=clock), DynamoPackageStore(table, clock=slow_clock)
    start = await feed.latest()
    first = await _add(quick)
    page = await feed.read(start, limit=10)
    assert page is not None
    assert page.package_ids == (first,)

    late = await _add(slow)

    page = await feed.read(page.cursor, limit=10)
    assert page is not None
    assert page.package_ids == (late,)
    assert await feed.read(page.cursor, limit=10) == ChangePage(page.cursor, ())


async def test_changes_are_told_across_the_hours_and_the_cursor_stays_small(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock
) -> None:
    feed = DynamoChangeFeed(table, clock=clock)
    cursor = await feed.latest()
    added: list[str] = []
    told: list[str] = []
    lengths: list[int] = []
    for _ in range(8):
        clock.advance(timedelta(minutes=25))
        added.append(await _add(packages))
        page = await feed.read(cursor, limit=10)
        assert page is not None
        told += page.package_ids
        cursor = page.cursor
        lengths.append(len(cursor))

    assert told == added
    assert max(lengths) == min(lengths), "what is out of the look-back is forgotten"


async def test_a_follower_that_was_away_for_long_begins_again(table: DynamoTable, clock: ManualClock) -> None:
    feed = DynamoChangeFeed(table, clock=clock)
    cursor = await feed.latest()

    clock.advance(GOOD_FOR)
    assert await feed.read(cursor, limit=10) is not None
    clock.advance(timedelta(seconds=1))

    assert await feed.read(cursor, limit=10) is None
