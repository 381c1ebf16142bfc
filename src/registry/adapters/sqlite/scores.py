"""Packages by net score: what keeps the listings right, and the pages of which not all is in an index's order.

The buckets of a minimum are branches as any other, so a page by net score is a merge of equalities too. Some things
are not: a minimum within a hundredth, a version besides a net score or in another order than that of ids, and patterns
of names. These are checked entry by entry, on a bounded number of entries: then the page ends early and says where to
go on.
"""

import sqlite3
from collections.abc import Callable

from registry.adapters.sqlite.database import Parameters
from registry.adapters.sqlite.listing import UNRATED, Branch, Walk, checks_names, merged, place_in
from registry.adapters.sqlite.version_keys import KeySpan, version_key
from registry.domain.listing import Order, PackageFilter
from registry.domain.scores import ScoresFrom, buckets_of, millionths, reaches

WALK_ENTRIES = 2_000
"""Takes about 3 ms."""

_ENTRY_COLUMNS = "l.id AS id, l.number AS number, l.name AS name, l.version_key AS version_key"
_CURRENT = """SELECT p.number, CASE WHEN r.net_score NOT NULL
        THEN json_extract(CAST(r.summary AS TEXT), '$.net_score_range[0]') END
    FROM packages AS p LEFT JOIN ratings AS r ON r.package_id = p.id AND r.revision = p.revision WHERE p.id = ?"""
_SCORE = "UPDATE listings SET score = ? WHERE number = ? AND score != ?"
_INSERT = """INSERT INTO score_listings (number, bucket, score, tag, name, created_by, status, type, version_key, id)
    SELECT number, ?, ?, tag, name, created_by, status, type, version_key, id FROM listings WHERE number = ?"""

Check = Callable[[str, str, int], bool]
"""Whether an entry with this name, version key and score (in millionths, 0 in a listing without scores) is wanted."""


def list_by_score(connection: sqlite3.Connection, package_id: str) -> None:
    """List the package as its record and its rating are by now, within the transaction under way."""
    for number, lower_bound in connection.execute(_CURRENT, (package_id,)).fetchall():
        unlist(connection, number)
        score = UNRATED if lower_bound is None else millionths(lower_bound)
        connection.execute(_SCORE, (score, number, score))
        if score != UNRATED:
            connection.executemany(_INSERT, [(bucket, score, number) for bucket in buckets_of(score)])


def unlist(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM score_listings WHERE number = ?", (number,))


def check_for(wanted: PackageFilter) -> Check | None:
    """What has to be checked on the entries of a filter, None where its branches, or a version range alone, say it all.

    A version is checked besides something else only, or in another order than that of ids.
    """
    minimum, versions = wanted.min_net_score, wanted.versions
    names = wanted.names if checks_names(wanted) else None
    checks_score = minimum is not None and (versions is not None or ScoresFrom.of(minimum).cut is not None)
    in_another_order = wanted.order in (Order.NAME, Order.SCORE)
    if names is None and not checks_score and not in_another_order:
        return None
    span = None if versions is None else KeySpan.of(versions)
    exact = version_key(versions.lower) if versions is not None and versions.exact else None

    def check(name: str, key: str, score: int) -> bool:
        return (
            (names is None or names.covers(name))
            and (not checks_score or minimum is None or reaches(score, minimum))
            and (key == exact if exact is not None else span is None or span.holds(key))
        )

    return check


def checked_entries(
    connection: sqlite3.Connection,
    streams: list[Branch],
    check: Check,
    walk: Walk,
    *,
    limit: int,
    walk_entries: int = WALK_ENTRIES,
) -> tuple[list[int], str | None]:
    """The numbers of the next packages that pass, `limit` at most, and the place to go on after (None: the end)."""
    found: list[int] = []
    walked, last, last_found = 0, None, None
    statement = entries_statement(streams, walk, limit=walk_entries)
    for package_id, number, name, key, score in connection.execute(*statement):
        walked += 1
        last = place_in(walk.order, package_id=package_id, name=name, score=score)
        if not check(name, key, score):
            continue
        if len(found) == limit:
            return found, last_found
        found.append(number)
        last_found = last
    return found, last if walked == walk_entries else None


def entries_statement(streams: list[Branch], walk: Walk, *, limit: int) -> tuple[str, Parameters]:
    """A statement, with its parameters, for the next entries of the streams with all that is checked on them."""
    has_score = streams[0].table == "score_listings" or walk.order is Order.SCORE
    return merged(f"{_ENTRY_COLUMNS}, {'l.score' if has_score else '0'} AS score", streams, walk, limit=limit)
