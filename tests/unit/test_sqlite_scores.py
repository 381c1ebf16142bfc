"""Listings by net score: their plans, the rows they step over, and what a migration makes of older ratings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection

import pytest

from registry.adapters.sqlite.connections import DatabaseFile
from registry.adapters.sqlite.listing import SUMMARY_COLUMNS, branches, merged, walk_of
from registry.adapters.sqlite.migrating import migrate
from registry.adapters.sqlite.package_writing import PackageWriting, insert_packages
from registry.adapters.sqlite.schema import RECORDS
from registry.adapters.sqlite.scores import check_for, checked_entries, entries_statement, list_by_score
from registry.domain.listing import Order, PackageFilter, score_place
from registry.domain.packages import PackageType
from registry.domain.versions import VersionRange
from tests.factories import ids, make_package
from tests.unit.test_sqlite_listing import BY_ID, plan, steps

_BEFORE_SCORES = 4
_RATE = """INSERT INTO ratings (package_id, revision, status, net_score, rated_at, etag, summary, body, receipt)
    VALUES (?1, ?2, 'complete', ?3, 0, '',
        json_object('net_score', 1.0, 'net_score_range', json_array(?3, 1.0)), '', '')"""
_ROWS = """SELECT number, bucket, tag, name, id, score FROM score_listings
    UNION ALL SELECT number, '', tag, name, id, score FROM listings ORDER BY 1, 2, 3"""


@pytest.fixture
def file(tmp_path: Path) -> DatabaseFile:
    return DatabaseFile(tmp_path / "registry.db", durable=False, busy_seconds=1.0)


@pytest.fixture
def connection(file: DatabaseFile) -> Iterator[Connection]:
    migrate(file, RECORDS)
    opened = file.connect(writable=True)
    yield opened
    opened.close()


def fill(connection: Connection, scores: list[float], *, list_at_once: bool = True) -> list[str]:
    """A package for each score, rated; their ids."""
    packages = [make_package(tags=("nlp",)) for _ in scores]
    connection.execute("BEGIN")
    for package, score in zip(packages, scores, strict=True):
        insert_packages(connection, [PackageWriting(package)])
        connection.execute(_RATE, (package.id, package.revision, score))
        if list_at_once:
            list_by_score(connection, package.id)
    connection.execute("COMMIT")
    return ids(packages)


def checked_page(
    connection: Connection, wanted: PackageFilter, *, limit: int = 10, after: str | None = None, walk_entries: int = 100
) -> tuple[list[int], str | None]:
    check = check_for(wanted)
    assert check is not None
    walk = walk_of(wanted, after)
    return checked_entries(connection, list(branches(wanted)), check, walk, limit=limit, walk_entries=walk_entries)


@pytest.mark.parametrize("minimum", [0.0, 0.725, 1.0])
def test_no_listing_by_net_score_scans_or_sorts(connection: Connection, minimum: float) -> None:
    for unscored in BY_ID:
        wanted = replace(unscored, min_net_score=minimum)
        steps = plan(connection, *merged(SUMMARY_COLUMNS, list(branches(wanted)), walk_of(wanted, None), limit=50))
        assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], (wanted, steps)
        assert all("INDEX score_listings_" in step for step in steps if "SEARCH l" in step)


@pytest.mark.performance
@pytest.mark.parametrize(
    "wanted",
    [
        PackageFilter(min_net_score=0.5),
        PackageFilter(min_net_score=0.73, tag="nlp"),
        PackageFilter(min_net_score=0.01, created_by="alice", type=PackageType.MODEL),
        PackageFilter(min_net_score=0.9, order=Order.OLDEST),
    ],
)
def test_work_does_not_grow_with_the_registry(connection: Connection, wanted: PackageFilter) -> None:
    statement = merged(SUMMARY_COLUMNS, list(branches(wanted)), walk_of(wanted, None), limit=10)
    work: list[int] = []
    fill(connection, [0.95] * 20)
    for _ in range(2):
        fill(connection, [0.004] * 400)  # none of them is wanted, and all of them are newer
        work.append(steps(connection, statement, rows=10))

    assert work[0] == work[1]


@pytest.mark.performance
@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (PackageFilter(order=Order.SCORE), None),
        (PackageFilter(order=Order.SCORE), score_place(600_000, "~")),
        (PackageFilter(order=Order.SCORE, min_net_score=0.94, tag="nlp"), score_place(950_000, "~")),
        (PackageFilter(order=Order.SCORE, min_net_score=0.94, created_by="alice"), None),
        (PackageFilter(order=Order.NAME), None),
        (PackageFilter(order=Order.NAME, min_net_score=0.9), "bert\n"),
        (PackageFilter(order=Order.NAME, type=PackageType.MODEL, created_by="alice"), "a\n~"),
    ],
)
def test_work_in_order_does_not_grow_with_the_registry(
    connection: Connection, wanted: PackageFilter, after: str | None
) -> None:
    walk = walk_of(wanted, after)
    statement = entries_statement(list(branches(wanted)), walk, limit=10)
    work: list[int] = []
    fill(connection, [0.95] * 20)
    for _ in range(2):
        fill(connection, [0.004] * 400)
        work.append(steps(connection, statement, rows=10))

    assert work[0] == work[1]


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        (PackageFilter(min_net_score=0.7205), [0.7206, 0.73]),
        (PackageFilter(min_net_score=0.7, versions=VersionRange.parse("2.0.0")), []),
        (PackageFilter(min_net_score=0.7205, versions=VersionRange.parse("^1.0.0")), [0.7206, 0.73]),
    ],
)
def test_a_page_checks_a_bounded_number_of_entries_and_says_where_to_go_on(
    connection: Connection, wanted: PackageFilter, hits: list[float]
) -> None:
    fill(connection, [*hits, *[0.7204] * 350])
    after, pages, found = None, 0, 0
    while True:
        numbers, after = checked_page(connection, wanted, after=after)
        pages, found = pages + 1, found + len(numbers)
        if after is None:
            break

    assert found == len(hits)
    assert pages == 4


def test_a_checked_page_goes_on_behind_its_last_item(connection: Connection) -> None:
    fill(connection, [0.7206] * 7)
    wanted = PackageFilter(min_net_score=0.7205)
    first, after = checked_page(connection, wanted, limit=4)
    second, end = checked_page(connection, wanted, limit=4, after=after)

    assert (len(first), len(second), end) == (4, 3, None)
    assert len({*first, *second}) == 7


def test_ratings_of_an_older_version_are_listed(file: DatabaseFile) -> None:
    migrate(file, RECORDS[:_BEFORE_SCORES])
    connection = file.connect(writable=True)
    rated = fill(connection, [0.0, 0.29, 0.7241, 0.999999, 1.0], list_at_once=False)
    connection.execute("UPDATE ratings SET revision = 7 WHERE package_id = ?", (rated[0],))
    (unknown,) = fill(connection, [0.5], list_at_once=False)
    connection.execute("UPDATE ratings SET net_score = NULL WHERE package_id = ?", (unknown,))

    migrate(file, RECORDS)
    migrated = connection.execute(_ROWS).fetchall()
    for package_id in (*rated, unknown):
        list_by_score(connection, package_id)

    assert migrated == connection.execute(_ROWS).fetchall()
    assert len(migrated) == 4 * 2 * 2 + 6 * 2
    connection.close()
