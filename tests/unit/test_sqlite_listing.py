"""Listings cost their own length: by the engine's own account of its plans, and by the rows it steps over."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from sqlite3 import Connection

import pytest

from registry.adapters.sqlite.connections import DatabaseFile
from registry.adapters.sqlite.database import Parameters
from registry.adapters.sqlite.listing import SUMMARY_COLUMNS, at_version, branches, merged, walk_of
from registry.adapters.sqlite.migrating import migrate
from registry.adapters.sqlite.package_writing import PackageWriting, insert_packages
from registry.adapters.sqlite.ranges import entries_in_range, heads_statement
from registry.adapters.sqlite.schema import RECORDS
from registry.adapters.sqlite.scores import entries_statement
from registry.adapters.sqlite.version_keys import KeySpan, version_key
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import Version, VersionRange
from registry.domain.visibility import REGISTRY, Viewer
from tests.factories import ids, make_package

FILTERS = [
    PackageFilter(status, type_, name, None, tag, created_by, viewer, order=order)
    for status, type_, name, tag, created_by, viewer, order in product(
        (None, PackageStatus.ACTIVE, PackageStatus.QUARANTINED),
        (None, PackageType.MODEL),
        (None, "bert"),
        (None, "nlp"),
        (None, "alice"),
        (REGISTRY, Viewer("alice")),
        Order,
    )
]
SPAN = KeySpan.of(VersionRange.parse("^1.0.0"))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    file = DatabaseFile(tmp_path / "registry.db", durable=False, busy_seconds=1.0)
    migrate(file, RECORDS)
    opened = file.connect(writable=True)
    yield opened
    opened.close()


def plan(connection: Connection, sql: str, parameters: Parameters) -> list[str]:
    return [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql, parameters)]


BY_ID = [wanted for wanted in FILTERS if wanted.order in (Order.NEWEST, Order.OLDEST)]
OTHERS = [wanted for wanted in FILTERS if wanted not in BY_ID]
PLACES = {Order.NAME: "bert\n0193", Order.SCORE: "0500000\n0193"}


def test_no_listing_scans_or_sorts(connection: Connection) -> None:
    for wanted in BY_ID:
        order, streams = walk_of(wanted, None), list(branches(wanted))
        exact = [at_version(stream, "key") for stream in streams]
        for chosen in (streams, exact):
            steps = plan(connection, *merged(SUMMARY_COLUMNS, chosen, order, limit=50))
            assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], (wanted, steps)


def steps(connection: Connection, statement: tuple[str, Parameters], *, rows: int) -> int:
    """How many steps SQLite makes to answer with so many rows."""
    # Prepared before: SQLite calls the handler for that as well, from 3.41 on.
    assert len(connection.execute(*statement).fetchall()) == rows
    made: list[None] = []
    connection.set_progress_handler(lambda: made.append(None), 1)
    connection.execute(*statement).fetchall()
    connection.set_progress_handler(None, 1)
    return len(made)


@pytest.mark.parametrize("minimum", [None, 0.725])
def test_no_listing_by_name_or_score_scans_or_sorts(connection: Connection, minimum: float | None) -> None:
    for unscored in OTHERS:
        wanted = replace(unscored, min_net_score=minimum)
        for after in (None, PLACES[wanted.order]):
            walk = walk_of(wanted, after)
            steps = plan(connection, *entries_statement(list(branches(wanted)), walk, limit=50))
            searches = [step for step in steps if step.startswith("SEARCH l")]
            place = "(id>?" if wanted.name and wanted.order is Order.NAME else f"({wanted.order.value},id)"
            assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step], (wanted, steps)
            assert searches
            assert all(place in step or "id>?" in step for step in searches), (wanted, searches)


def test_no_search_for_the_versions_of_a_range_scans_or_sorts(connection: Connection) -> None:
    for wanted in BY_ID:
        for stream in branches(wanted):
            steps = plan(connection, *heads_statement(stream, SPAN, walk_of(wanted, None)))
            scanned = [step for step in steps if "SCAN" in step]
            assert scanned in (["SCAN keys"] * 2, ["SCAN CONSTANT ROW", *["SCAN keys"] * 2]), steps
            assert not [step for step in steps if "TEMP B-TREE" in step]


def fill(connection: Connection, packages: list[Package]) -> None:
    connection.execute("BEGIN")
    for package in packages:
        insert_packages(connection, [PackageWriting(package)])
    connection.execute("COMMIT")


@pytest.mark.performance
@pytest.mark.parametrize(
    "wanted",
    [
        PackageFilter(),
        PackageFilter(status=None, viewer=Viewer("bob")),
        PackageFilter(tag="nlp"),
        PackageFilter(created_by="alice", type=PackageType.MODEL),
        PackageFilter(versions=VersionRange.parse("1.0.7")),
    ],
)
def test_work_does_not_grow_with_the_registry(connection: Connection, wanted: PackageFilter) -> None:
    streams = list(branches(wanted))
    if wanted.versions:
        streams = [at_version(stream, version_key(wanted.versions.lower)) for stream in streams]
    statement = merged(SUMMARY_COLUMNS, streams, walk_of(wanted, None), limit=10)
    work: list[int] = []
    for _ in range(2):
        fill(connection, [make_package(version=Version(1, 0, patch % 10), tags=("nlp",)) for patch in range(400)])
        work.append(steps(connection, statement, rows=10))

    assert work[0] == work[1]


@pytest.mark.parametrize("walk_entries", [0, 1, 7, 1000])
@pytest.mark.parametrize("order", [Order.NEWEST, Order.OLDEST])
@pytest.mark.parametrize("text", ["^1.0.0", "1.0.3-1.0.3", "~1.0.5-rc.1", "2.0.0-3.0.0", "1.0.2-1.1.0-rc.1"])
def test_both_ways_through_a_range(connection: Connection, text: str, order: Order, walk_entries: int) -> None:
    texts = [
        "1.0.0",
        "1.0.3",
        "1.0.3+b",
        "1.0.3+c",
        "1.0.5-rc.1",
        "1.0.5-alpha",
        "1.0.5",
        "1.1.0-rc.1",
        "2.5.0",
        "0.1.0",
    ]
    types = list(PackageType)
    packages = [make_package(version=texts[number * 7 % 10], type=types[number % 3]) for number in range(60)]
    fill(connection, packages)
    wanted = PackageFilter(order=order, versions=VersionRange.parse(text))
    assert wanted.versions is not None
    span = KeySpan.of(wanted.versions)
    expected = ids([package for package in packages if wanted.versions.contains(package.version)])
    found: list[str] = []
    after = None
    while True:
        page = entries_in_range(
            connection, list(branches(wanted)), span, walk_of(wanted, after), limit=4, walk_entries=walk_entries
        )
        found += [package_id for package_id, _ in page]
        if len(page) < 4:
            break
        after = found[-1]

    assert found == (expected[::-1] if order is Order.NEWEST else expected)
