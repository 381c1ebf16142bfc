"""Scan requests in DynamoDB: one item beside each record, which a download reads together with it.

While a request is open the index holds it by the time when it is due; afterwards by the content, so that a new verdict
finds the packages that have it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import keys, safety_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.events import Event
from registry.domain.packages import Change, Package
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.verdicts import PackageSafety
from registry.ports.verdicts import DueRequest

_MOST_LISTED = 5_000
"""Of a shard in one look; what lies beyond is seen once those before it have been settled."""
_PAGE = 1_000
_SAME = "sha256 = :sha256 AND due_at = :due"
_OPEN = "SET sha256 = :sha256, #owner = :owner, due_at = :due, status_shard = :shard, #id = :id"
_NAMES = {"#owner": "owner", "#id": "id"}


class DynamoScanRequestStore:
    """Implements `ScanRequestStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRequest]:
        shards = await asyncio.gather(*(self._due(shard, now) for shard in safety_keys.request_shards()))
        due = sorted((attribute(item, "id"), attribute(item, "owner")) for items in shards for item in items)
        places: defaultdict[str, int] = defaultdict(int)
        ranked = []
        for place, asked_by in due:
            places[asked_by] += 1
            ranked.append((places[asked_by], place, asked_by))
        return [DueRequest(place.partition("#")[2], asked_by) for _, place, asked_by in sorted(ranked)[:limit]]

    async def open(self, package_id: str, *, asked_by: str, now: datetime) -> None:
        record, present = await asyncio.gather(
            self._table.get(keys.record_key(package_id)), self._table.get(safety_keys.safety_key(package_id))
        )
        if record is None or (sha256 := attribute(record, "sha256")) is None:
            return
        if present is not None and "due_at" in present:
            return
        # Whoever changes the content meanwhile opens a request for the new one, and this has no effect.
        condition = "attribute_not_exists(due_at) AND (attribute_not_exists(sha256) OR sha256 = :sha256)"
        await self._update(package_id, _opening(package_id, sha256, asked_by, now), condition)

    async def open_all(self, sha256: str, *, now: datetime) -> int:
        opened, after, last = 0, None, False
        while not last:
            items, last = await self._table.query(
                safety_keys.packages_with(sha256), after=after, limit=_PAGE, index=True
            )
            for item in items:
                after = attribute(item, "id")
                values = _opening(after, sha256, "", now)
                opened += await self._update(after, values, "attribute_not_exists(due_at) AND sha256 = :sha256")
        return opened

    async def list_packages(self, sha256: str, *, limit: int) -> Sequence[str]:
        items, _ = await self._table.query(safety_keys.packages_with(sha256), limit=limit, index=True)
        return [attribute(item, "id") for item in items]

    async def postpone(self, package_id: str, safety: PackageSafety, *, due_at: datetime) -> None:
        if safety.sha256 is None or safety.due_at is None:
            return
        values = _opening(package_id, safety.sha256, safety.asked_by, due_at)
        before: Item = {":before": number(to_microseconds(safety.due_at))}
        await self._update(package_id, values | before, "sha256 = :sha256 AND due_at = :before")

    async def settle(self, package: Package, safety: PackageSafety, *, reported: str, event: Event | None) -> bool:
        if safety.sha256 is None or safety.due_at is None:
            return False
        values: Item = {
            ":sha256": text(safety.sha256),
            ":due": number(to_microseconds(safety.due_at)),
            ":reported": text(reported),
            ":shard": text(safety_keys.packages_with(safety.sha256)),
            ":id": text(package.id),
        }
        settled = self._table.update(
            safety_keys.safety_key(package.id),
            "SET reported = :reported, status_shard = :shard, #id = :id REMOVE due_at",
            condition=_SAME,
            values=values,
            names={"#id": "id"},
        )
        events = event_items(() if event is None else (event,), revision=package.revision)
        try:
            await self._table.transact([settled, *map(self._table.put, events)])
        except ConditionFailed:
            return False
        return True

    async def count_open(self) -> int:
        shards = await asyncio.gather(*(self._table.count(shard, index=True) for shard in safety_keys.request_shards()))
        return sum(shards)

    async def _due(self, shard: str, now: datetime) -> list[Item]:
        found: list[Item] = []
        until = _place(now, "~")
        after: str | None = None
        while len(found) < _MOST_LISTED:
            items, last = await self._table.query(shard, after=after, limit=_PAGE, index=True)
            due = [item for item in items if attribute(item, "id") <= until]
            found += due
            if last or len(due) < len(items):
                break
            after = attribute(items[-1], "id")
        return found

    async def _update(self, package_id: str, values: Item, condition: str) -> bool:
        action = self._table.update(
            safety_keys.safety_key(package_id), _OPEN, condition=condition, values=values, names=_NAMES
        )
        try:
            await self._table.transact([action])
        except ConditionFailed:
            return False
        return True


def request_item(package: Package, change: Change, *, now: datetime) -> Item | None:
    """The open request of a new package, None without content."""
    if package.content is None:
        return None
    opening = _opening(package.id, package.content.sha256, change.audit.user or "", now)
    return {
        **safety_keys.safety_key(package.id),
        "sha256": opening[":sha256"],
        "owner": opening[":owner"],
        "due_at": opening[":due"],
        "status_shard": opening[":shard"],
        "id": opening[":id"],
    }


def follow_content(transaction: Transaction, old: Package, new: Package, change: Change, *, now: datetime) -> None:
    """Have the package's content scanned where it is another than before, or note an admin's lift."""
    before, after = (package.content.sha256 if package.content else None for package in (old, new))
    if after is not None and after != before:
        values = _opening(new.id, after, change.audit.user or "", now)
        transaction.update(safety_keys.safety_key(new.id), _OPEN, values, names=_NAMES)
    elif change.lifted_sha256 is not None:
        transaction.update(
            safety_keys.safety_key(new.id), "ADD lifted :lifted", {":lifted": {"SS": [change.lifted_sha256]}}
        )


def read_safety(item: Item | None) -> PackageSafety:
    """The package's safety from its item; that of a package without one was never judged."""
    if item is None:
        return PackageSafety()
    due_at = attribute(item, "due_at", "N")
    return PackageSafety(
        sha256=attribute(item, "sha256"),
        due_at=None if due_at is None else from_microseconds(int(due_at)),
        asked_by=attribute(item, "owner") or "",
        reported=attribute(item, "reported") or "",
        lifted=frozenset(attribute(item, "lifted", "SS") or ()),
    )


def _opening(package_id: str, sha256: str, asked_by: str, due_at: datetime) -> Item:
    return {
        ":sha256": text(sha256),
        ":owner": text(asked_by),
        ":due": number(to_microseconds(due_at)),
        ":shard": text(safety_keys.open_requests(package_id)),
        ":id": text(_place(due_at, package_id)),
    }


def _place(due_at: datetime, package_id: str) -> str:
    return f"{to_microseconds(due_at):020d}#{package_id}"
