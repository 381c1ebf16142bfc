"""Ratings and their requests."""

import json
import sqlite3
import zlib
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.sqlite.audit import append_entries
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.rows import insert_rows
from registry.adapters.sqlite.scores import list_by_score
from registry.domain.packages import Change
from registry.domain.ratings import RatingStatus
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.ratings import DueRating, RatingDocument, RatingLease, RatingSummary

_FIND = """SELECT revision, status, net_score, rated_at, etag, summary, body
    FROM ratings WHERE package_id = ?"""
_SUMMARIES = """SELECT r.package_id, r.revision, r.net_score, r.etag, r.summary
    FROM json_each(?) AS wanted CROSS JOIN ratings AS r ON r.package_id = wanted.value"""
_STORE = """INSERT OR REPLACE INTO ratings
    (package_id, revision, status, net_score, rated_at, etag, summary, body, receipt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_REQUEST = """INSERT INTO rating_marks (package_id, due_at, attempts, asked_by)
    SELECT id, ?, 0, ? FROM packages WHERE id = ?
        AND NOT EXISTS (SELECT 1 FROM ratings WHERE package_id = packages.id AND revision = ?)
    ON CONFLICT (package_id) DO UPDATE SET due_at = min(due_at, excluded.due_at), asked_by = excluded.asked_by
        WHERE token IS NULL AND ?"""
_REQUEST_AGAIN = "INSERT OR REPLACE INTO rating_marks (package_id, asked_by, due_at, attempts, token)"
_LEASE = """UPDATE rating_marks SET token = ?, due_at = ?, attempts = attempts + 1 WHERE package_id = ? AND due_at <= ?
    RETURNING attempts, asked_by"""
_OWN = "WHERE package_id = ? AND token = ?"
_DUE = """
    SELECT package_id, asked_by FROM rating_marks WHERE due_at <= ?
    ORDER BY row_number() OVER (PARTITION BY asked_by ORDER BY due_at), due_at LIMIT ?"""


class SqliteRatingStore:
    """Implements `RatingStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find(self, package_id: str) -> RatingDocument | None:
        row = self._database.fetch_one(_FIND, (package_id,))
        if row is None:
            return None
        revision, status, net_score, rated_at, etag, summary, body = row
        return RatingDocument(
            package_id=package_id,
            revision=revision,
            status=RatingStatus(status),
            net_score=net_score,
            rated_at=from_microseconds(rated_at),
            etag=etag,
            summary=summary,
            body=body,
        )

    async def find_summaries(self, package_ids: Sequence[str]) -> dict[str, RatingSummary]:
        rows = self._database.fetch_all(_SUMMARIES, (json.dumps(list(dict.fromkeys(package_ids))),))
        return {row[0]: RatingSummary(*row) for row in rows}

    async def find_receipt(self, package_id: str, *, revision: int) -> bytes | None:
        def query(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT receipt FROM ratings WHERE package_id = ? AND revision = ?", (package_id, revision)
            ).fetchone()
            return zlib.decompress(row[0]) if row else None

        return await self._database.read(query)

    async def request(
        self,
        package_id: str,
        *,
        asked_by: str,
        now: datetime,
        at_once: bool = False,
        unless_rated: int | None = None,
    ) -> None:
        if not at_once and self._database.fetch_one("SELECT 1 FROM rating_marks WHERE package_id = ?", (package_id,)):
            return  # many may ask for what one has started: they need not write
        row = (to_microseconds(now), asked_by, package_id, unless_rated, at_once)
        await self._database.write(lambda connection: connection.execute(_REQUEST, row).rowcount)

    async def lease(self, package_id: str, *, token: str, now: datetime, until: datetime) -> RatingLease | None:
        row = (token, to_microseconds(until), package_id, to_microseconds(now))
        leased = await self._database.write(lambda connection: connection.execute(_LEASE, row).fetchone())
        return RatingLease(package_id, token, *leased) if leased else None

    async def extend(self, lease: RatingLease, *, until: datetime) -> bool:
        row = (to_microseconds(until), lease.package_id, lease.token)
        sql = f"UPDATE rating_marks SET due_at = ? {_OWN}"  # noqa: S608 - fixed texts
        return await self._database.write(lambda connection: connection.execute(sql, row).rowcount) == 1

    async def finish(
        self,
        lease: RatingLease,
        rating: RatingDocument,
        receipt: bytes,
        change: Change,
        *,
        retry_at: datetime | None = None,
    ) -> bool:
        row = (
            rating.package_id,
            rating.revision,
            rating.status.value,
            rating.net_score,
            to_microseconds(rating.rated_at),
            rating.etag,
            rating.summary,
            rating.body,
            zlib.compress(receipt),
        )

        def operation(connection: sqlite3.Connection) -> bool:
            if not _end_lease(connection, lease, due_at=retry_at):
                return False
            connection.execute(_STORE, row)
            list_by_score(connection, rating.package_id)
            append_entries(connection, (change.audit,))
            record_events(connection, change.events, now=to_microseconds(change.audit.at))
            return True

        return await self._database.write(operation)

    async def give_back(self, lease: RatingLease, *, due_at: datetime | None) -> None:
        await self._database.write(lambda connection: _end_lease(connection, lease, due_at=due_at))

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRating]:
        rows = await self._database.read(
            lambda connection: connection.execute(_DUE, (to_microseconds(now), limit)).fetchall()
        )
        return [DueRating(*row) for row in rows]

    async def count_requests(self) -> int:
        (count,) = await self._database.read(
            lambda connection: connection.execute("SELECT count(*) FROM rating_marks").fetchone()
        )
        return int(count)


def _end_lease(connection: sqlite3.Connection, lease: RatingLease, *, due_at: datetime | None) -> bool:
    own = (lease.package_id, lease.token)
    if due_at is None:
        return connection.execute(f"DELETE FROM rating_marks {_OWN}", own).rowcount == 1  # noqa: S608 - fixed texts
    sql = f"UPDATE rating_marks SET due_at = ?, token = NULL {_OWN}"  # noqa: S608 - fixed texts
    return connection.execute(sql, (to_microseconds(due_at), *own)).rowcount == 1


def request_ratings(connection: sqlite3.Connection, wanted: Sequence[tuple[str, str]], *, now: int) -> None:
    """Have packages rated again, within the transaction under way; leases become void.

    `wanted`: the id of each, and who asks. `now` in microseconds.
    """
    insert_rows(connection, _REQUEST_AGAIN, [(package_id, user, now, 0, None) for package_id, user in wanted])


def drop_rating(connection: sqlite3.Connection, package_id: str) -> None:
    """Forget the package's rating and its request, within the transaction under way."""
    connection.execute("DELETE FROM ratings WHERE package_id = ?", (package_id,))
    connection.execute("DELETE FROM rating_marks WHERE package_id = ?", (package_id,))
