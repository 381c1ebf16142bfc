"""Verdicts and the leases on scans."""

import sqlite3
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.safety import SafetyStatus
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.verdicts import FAILED_SCAN, Verdict, VerdictSummary
from registry.ports.verdicts import ScanLease

_SUMMARY = "SELECT status, reason, scanner_version, scanned_at, etag FROM verdicts WHERE sha256 = ?"
_FIND = "SELECT status, reason, scanner_version, scanned_at, etag, body FROM verdicts WHERE sha256 = ?"
_LEASE = """INSERT INTO scan_claims (sha256, token, ends_at, attempts)
    SELECT ?, ?, ?, 1 WHERE NOT EXISTS (SELECT 1 FROM verdicts WHERE sha256 = ? AND scanner_version >= ?)
    ON CONFLICT (sha256) DO UPDATE
        SET token = excluded.token, ends_at = excluded.ends_at, attempts = attempts + 1 WHERE ends_at <= ?
    RETURNING attempts"""
_STORE = """INSERT OR REPLACE INTO verdicts (sha256, status, reason, scanner_version, scanned_at, etag, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_OUTDATED = """SELECT sha256 FROM verdicts WHERE scanner_version > ? AND scanner_version < ?
    ORDER BY scanner_version, sha256 LIMIT ?"""
_REMOVE = """DELETE FROM verdicts
    WHERE sha256 = ? AND NOT EXISTS (SELECT 1 FROM scan_requests WHERE sha256 = verdicts.sha256)"""


class SqliteVerdictStore:
    """Implements `VerdictStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find(self, sha256: str) -> Verdict | None:
        def query(connection: sqlite3.Connection) -> Verdict | None:
            row = connection.execute(_FIND, (sha256,)).fetchone()
            return Verdict(_summary(sha256, row[:-1]), zlib.decompress(row[-1])) if row else None

        return await self._database.read(query)

    async def find_summary(self, sha256: str) -> VerdictSummary | None:
        row = self._database.fetch_one(_SUMMARY, (sha256,))
        return None if row is None else _summary(sha256, row)

    async def lease(
        self, sha256: str, *, scanner_version: int, token: str, now: datetime, until: datetime
    ) -> ScanLease | None:
        row = (sha256, token, to_microseconds(until), sha256, scanner_version, to_microseconds(now))
        leased = await self._database.write(lambda connection: connection.execute(_LEASE, row).fetchone())
        return ScanLease(sha256, token, *leased) if leased else None

    async def extend(self, lease: ScanLease, *, until: datetime) -> bool:
        row = (to_microseconds(until), lease.sha256, lease.token)
        sql = "UPDATE scan_claims SET ends_at = ? WHERE sha256 = ? AND token = ?"
        return await self._database.write(lambda connection: connection.execute(sql, row).rowcount) == 1

    async def finish(self, lease: ScanLease, verdict: Verdict) -> bool:
        summary = verdict.summary
        row = (
            summary.content_sha256,
            summary.status.value,
            summary.reason,
            summary.scanner_version,
            to_microseconds(summary.scanned_at),
            summary.etag,
            zlib.compress(verdict.body),
        )

        def operation(connection: sqlite3.Connection) -> bool:
            own = (lease.sha256, lease.token)
            if connection.execute("DELETE FROM scan_claims WHERE sha256 = ? AND token = ?", own).rowcount == 0:
                return False
            connection.execute(_STORE, row)
            return True

        return await self._database.write(operation)

    async def give_back(self, lease: ScanLease) -> None:
        def operation(connection: sqlite3.Connection) -> None:
            own = (lease.sha256, lease.token)
            if lease.attempts == 1:
                connection.execute("DELETE FROM scan_claims WHERE sha256 = ? AND token = ?", own)
            else:
                sql = "UPDATE scan_claims SET ends_at = 0, attempts = attempts - 1 WHERE sha256 = ? AND token = ?"
                connection.execute(sql, own)

        await self._database.write(operation)

    async def list_outdated(self, scanner_version: int, *, limit: int) -> Sequence[str]:
        rows = self._database.fetch_all(_OUTDATED, (FAILED_SCAN, scanner_version, limit))
        return [sha256 for (sha256,) in rows]

    async def remove_unused(self, sha256: str) -> bool:
        return await self._database.write(lambda connection: connection.execute(_REMOVE, (sha256,)).rowcount) == 1


def _summary(sha256: str, row: Any) -> VerdictSummary:
    status, reason, scanner_version, scanned_at, etag = row
    return VerdictSummary(sha256, SafetyStatus(status), reason, scanner_version, from_microseconds(scanned_at), etag)
