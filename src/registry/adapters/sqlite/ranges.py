"""The pages of a version range.

The entries of a range lie in the order of ids only per version. So first a bounded walk through all entries by id,
which fills the page at once where the range holds a good part of them. Where it does not, there are few versions to
look at: each one's next id is a seek in the index, and the page lies within the streams with the foremost of these.
"""

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from registry.adapters.sqlite.database import Parameters
from registry.adapters.sqlite.listing import Branch, Walk, at_version, merged
from registry.adapters.sqlite.version_keys import KeySpan

WALK_ENTRIES = 2_000
"""Takes about 2 ms. A range that holds 1/40 of all entries fills a page of 50 within it."""

_ENTRY_COLUMNS = "l.id AS id, l.number AS number, l.version_key AS version_key"


def entries_in_range(
    connection: sqlite3.Connection,
    streams: list[Branch],
    span: KeySpan,
    walk: Walk,
    *,
    limit: int,
    walk_entries: int = WALK_ENTRIES,
) -> list[tuple[str, int]]:
    """The next `limit` (id, number) of packages in the streams whose version is in `span`."""
    found: list[tuple[str, int]] = []
    walked = 0
    package_id = walk.after
    for package_id, number, key in connection.execute(*merged(_ENTRY_COLUMNS, streams, walk, limit=walk_entries)):
        walked += 1
        if span.holds(key):
            found.append((package_id, number))
            if len(found) == limit:
                return found
    if walked < walk_entries:
        return found
    return found + _by_version(connection, streams, span, replace(walk, after=package_id), limit=limit - len(found))


def _by_version(
    connection: sqlite3.Connection, streams: list[Branch], span: KeySpan, walk: Walk, *, limit: int
) -> list[tuple[str, int]]:
    heads = [head for stream in streams for head in _heads(connection, stream, span, walk)]
    choose = heapq.nlargest if walk.descending else heapq.nsmallest
    foremost = choose(limit, heads, key=lambda head: head[0])
    pages = (
        connection.execute(*merged(_ENTRY_COLUMNS, [stream], walk, limit=limit)).fetchall() for _, stream in foremost
    )
    page = heapq.merge(*pages, reverse=walk.descending)
    return [(package_id, number) for (package_id, number, _), _ in zip(page, range(limit), strict=False)]


def _heads(connection: sqlite3.Connection, stream: Branch, span: KeySpan, walk: Walk) -> Iterator[tuple[str, Branch]]:
    """The next id of each version in the span, with the version's stream."""
    for key, package_id in connection.execute(*heads_statement(stream, span, walk)):
        if package_id is not None and span.holds(key):
            yield package_id, at_version(stream, key)


def heads_statement(stream: Branch, span: KeySpan, walk: Walk) -> tuple[str, Parameters]:
    """A statement, with its parameters, that hops from version to version and finds the next id of each."""
    entries = f"FROM listings AS l INDEXED BY {stream.index}_version WHERE {stream.where}"
    sql = f"""WITH RECURSIVE keys (key) AS (
            SELECT (SELECT l.version_key {entries} AND l.version_key >= ? AND l.version_key < ?
                ORDER BY l.version_key LIMIT 1)
            UNION ALL
            SELECT (SELECT l.version_key {entries} AND l.version_key > keys.key AND l.version_key < ?
                ORDER BY l.version_key LIMIT 1) FROM keys WHERE keys.key IS NOT NULL)
        SELECT keys.key, (SELECT l.id {entries} AND l.version_key = keys.key AND l.id {walk.comparison} ?
            ORDER BY l.id {walk.direction} LIMIT 1) FROM keys WHERE keys.key IS NOT NULL"""  # noqa: S608 - fixed texts
    first = (*stream.parameters, span.low, span.high)
    next_ones = (*stream.parameters, span.high)
    return sql, (*first, *next_ones, *stream.parameters, walk.after)
