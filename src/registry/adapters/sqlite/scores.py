"""Packages by net score: what keeps `score_listings` right, and the pages of which not all is in an index's order.

The buckets of a minimum are branches as any other, so a page by net score is a merge of equalities too. Two things are
not: a minimum within a hundredth, and a version besides a net score. These are checked entry by entry, on a bounded
number of entries: then the page ends early and says where to go on.
"""

import sqlite3
from collections.abc import Callable

from registry.adapters.sqlite.listing import Branch, Order, merged
from registry.adapters.sqlite.version_keys import KeySpan, version_key
from registry.domain.listing import PackageFilter
from registry.domain.scores import ScoresFrom, buckets_of, millionths, reaches

WALK_ENTRIES = 2_000
"""Takes about 3 ms."""

_ENTRY_COLUMNS = "l.id AS id, l.number AS number, l.version_key AS version_key, l.score AS score"
_CURRENT = """SELECT p.number, r.net_score
    FROM packages AS p LEFT JOIN ratings AS r ON r.package_id = p.id AND r.revision = p.revision WHERE p.id = ?"""
_INSERT = """INSERT INTO score_listings (number, bucket, score, tag, name, created_by, status, type, version_key, id)
    SELECT number, ?, ?, tag, name, created_by, status, type, version_key, id FROM listings WHERE number = ?"""

Check = Callable[[str, int], bool]
"""Whether an entry with this version key and score (in millionths) is wanted."""


def list_by_score(connection: sqlite3.Connection, package_id: str) -> None:
    """List the package as its record and its rating are by now, within the transaction under way."""
    for number, net_score in connection.execute(_CURRENT, (package_id,)).fetchall():
        unlist(connection, number)
        if net_score is not None:
            score = millionths(net_score)
            connection.executemany(_INSERT, [(bucket, score, number) for bucket in buckets_of(score)])


def unlist(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM score_listings WHERE number = ?", (number,))


def check_for(wanted: PackageFilter) -> Check | None:
    """What has to be checked on the entries of a filter by net score, None where its branches say it all."""
    minimum, versions = wanted.min_net_score or 0.0, wanted.versions
    if versions is None:
        return None if ScoresFrom.of(minimum).cut is None else lambda _, score: reaches(score, minimum)
    if versions.exact:
        exact = version_key(versions.lower)
        return lambda key, score: key == exact and reaches(score, minimum)
    span = KeySpan.of(versions)
    return lambda key, score: span.holds(key) and reaches(score, minimum)


def checked_entries(
    connection: sqlite3.Connection,
    streams: list[Branch],
    check: Check,
    order: Order,
    *,
    limit: int,
    walk_entries: int = WALK_ENTRIES,
) -> tuple[list[int], str | None]:
    """The numbers of the next packages that pass, `limit` at most, and the id behind which to go on (None: the end)."""
    found: list[int] = []
    walked, last, last_found = 0, None, None
    for last, number, key, score in connection.execute(*merged(_ENTRY_COLUMNS, streams, order, limit=walk_entries)):
        walked += 1
        if not check(key, score):
            continue
        if len(found) == limit:
            return found, last_found
        found.append(number)
        last_found = last
    return found, last if walked == walk_entries else None
