"""Verdicts in DynamoDB, and the leases on scans. A verdict's JSON is cut into items below 400 KB."""

import asyncio
import zlib
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import keys, safety_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.errors import TooLarge, Unavailable
from registry.domain.safety import SafetyStatus
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.verdicts import FAILED_SCAN, Verdict, VerdictSummary
from registry.ports.verdicts import ScanLease

_PART_BYTES = 350_000
_MOST_PARTS = 10
"""A transaction takes 4 MB."""
_READS = 4
_OWN = "claim_token = :token"
_OLDER = "attribute_not_exists(pk) OR scanner_version < :version"


class DynamoVerdictStore:
    """Implements `VerdictStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def find(self, sha256: str) -> Verdict | None:
        for _ in range(_READS):
            found = {attribute(item, "sk"): item for item in await self._table.query_all(safety_keys.verdicts(sha256))}
            item = found.get("verdict")
            if item is None:
                return None
            summary, count = _read_summary(sha256, item), int(attribute(item, "parts", "N"))
            parts = [found.get(safety_keys.verdict_part_key(sha256, part)["sk"]["S"], {}) for part in range(count)]
            # A query of several pages may meet two verdicts.
            if all(attribute(part, "etag") == summary.etag for part in parts):
                packed = b"".join(attribute(part, "body", "B") for part in parts)
                return Verdict(summary, zlib.decompress(packed))
        raise Unavailable("The content is being scanned again; try again.")

    async def find_summary(self, sha256: str) -> VerdictSummary | None:
        item = await self._table.get(safety_keys.verdict_key(sha256))
        return None if item is None else _read_summary(sha256, item)

    async def lease(
        self, sha256: str, *, scanner_version: int, token: str, now: datetime, until: datetime
    ) -> ScanLease | None:
        present = await self._table.get(safety_keys.scan_lease_key(sha256))
        attempts, condition, values = 1, "attribute_not_exists(pk)", None
        if present is not None:
            if int(attribute(present, "ends_at", "N")) > to_microseconds(now):
                return None
            attempts = int(attribute(present, "attempts", "N")) + 1
            condition, values = _OWN, {":token": present["claim_token"]}
        lease = ScanLease(sha256, token, attempts)
        try:
            await self._table.transact(
                [
                    self._table.put(_lease_item(lease, until), condition=condition, values=values),
                    self._table.check(
                        safety_keys.verdict_key(sha256), condition=_OLDER, values={":version": number(scanner_version)}
                    ),
                ]
            )
        except ConditionFailed:
            return None
        return lease

    async def extend(self, lease: ScanLease, *, until: datetime) -> bool:
        return await self._replace_lease(lease, _lease_item(lease, until))

    async def finish(self, lease: ScanLease, verdict: Verdict) -> bool:
        summary, packed = verdict.summary, await asyncio.to_thread(zlib.compress, verdict.body)
        parts = [packed[start : start + _PART_BYTES] for start in range(0, len(packed), _PART_BYTES)]
        if len(parts) > _MOST_PARTS:
            raise TooLarge("The verdict lists more files than the record store takes.")
        own: Item = {":token": text(lease.token)}
        puts = [
            _verdict_item(summary, parts=len(parts)),
            *(
                {**safety_keys.verdict_part_key(lease.sha256, place), "etag": text(summary.etag), "body": binary(part)}
                for place, part in enumerate(parts)
            ),
        ]
        end = self._table.delete(safety_keys.scan_lease_key(lease.sha256), condition=_OWN, values=own)
        try:
            await self._table.transact([end, *map(self._table.put, puts)])
        except ConditionFailed:
            return False
        return True

    async def give_back(self, lease: ScanLease) -> None:
        free = ScanLease(lease.sha256, lease.token, lease.attempts - 1)
        await self._replace_lease(lease, _lease_item(free, from_microseconds(0)))

    async def list_outdated(self, scanner_version: int, *, limit: int) -> Sequence[str]:
        after, below = f"{FAILED_SCAN:06d}$", f"{scanner_version:06d}"  # `$` follows `#`
        shards = await asyncio.gather(
            *(self._table.query(shard, after=after, limit=limit, index=True) for shard in safety_keys.verdict_shards())
        )
        places = sorted(attribute(item, "id") for items, _ in shards for item in items)
        return [place.partition("#")[2] for place in places if place < below][:limit]

    async def remove_unused(self, sha256: str) -> bool:
        used, _ = await self._table.query(safety_keys.packages_with(sha256), limit=1, index=True)
        if used:
            return False
        items = await self._table.query_all(safety_keys.verdicts(sha256))
        gone = [item for item in items if attribute(item, "sk") != "claim"]
        await self._table.batch_write([{"DeleteRequest": {"Key": keys.key_of(item)}} for item in gone])
        return bool(gone)

    async def _replace_lease(self, lease: ScanLease, item: Item) -> bool:
        own: Item = {":token": text(lease.token)}
        try:
            await self._table.transact([self._table.put(item, condition=_OWN, values=own)])
        except ConditionFailed:
            return False
        return True


def _lease_item(lease: ScanLease, ends_at: datetime) -> Item:
    return {
        **safety_keys.scan_lease_key(lease.sha256),
        "claim_token": text(lease.token),
        "ends_at": number(to_microseconds(ends_at)),
        "attempts": number(lease.attempts),
    }


def _verdict_item(summary: VerdictSummary, *, parts: int) -> Item:
    sha256 = summary.content_sha256
    return {
        **safety_keys.verdict_key(sha256),
        "status_shard": text(safety_keys.verdict_shard(sha256)),
        "id": text(f"{summary.scanner_version:06d}#{sha256}"),
        "verdict_status": text(summary.status.value),
        "reason": text(summary.reason),
        "scanner_version": number(summary.scanner_version),
        "scanned": number(to_microseconds(summary.scanned_at)),
        "etag": text(summary.etag),
        "parts": number(parts),
    }


def _read_summary(sha256: str, item: Item) -> VerdictSummary:
    return VerdictSummary(
        content_sha256=sha256,
        status=SafetyStatus(attribute(item, "verdict_status")),
        reason=attribute(item, "reason"),
        scanner_version=int(attribute(item, "scanner_version", "N")),
        scanned_at=from_microseconds(int(attribute(item, "scanned", "N"))),
        etag=attribute(item, "etag"),
    )
