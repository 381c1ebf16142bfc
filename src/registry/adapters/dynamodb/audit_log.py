"""The log of all audit entries in DynamoDB.

An entry is put with `status_shard`, so the index lists it among those that wait. Whoever sequences gives some of them
positions and takes that attribute away, in one transaction with the head and the tree's tiles: the head's size is its
condition, so of several that do so at once one succeeds. A tile of leaves also has what filters ask of its entries.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.audit import read_entry
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed, EngineConflict
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT
from registry.domain.audit_log import AuditFilter, LogHead, Tiles, appended, right_edge
from registry.domain.merkle import TILE_HASHES
from registry.domain.packages import AuditAction, AuditEntry
from registry.ports.audit_log import LogPage
from registry.ports.clock import Clock

_PLACED_AT_ONCE = 80
"""With head and tiles below what a transaction takes."""
_WALK_TILES = 40
_TILES_AT_ONCE = 4
_HEAD_KEY = keys.key("X#head", "head")
_LEASE_KEY = keys.key("X#lease", "lease")
_CHECKPOINT_KEY = keys.key("X#checkpoint", "checkpoint")
_PLACE = "SET log_position = :position REMOVE status_shard"

Reference = tuple[str, str, str, str | None, str]
"""What a tile has of an entry: package id, id, time, user, action."""


def _reference(entry: AuditEntry) -> Reference:
    return (entry.package_id, entry.id, entry.at.isoformat(), entry.user, entry.action.value)


def _described(reference: Reference) -> AuditEntry:
    """As much of the entry as a filter asks for."""
    package_id, id_, at, user, action = reference
    return AuditEntry(id_, package_id, datetime.fromisoformat(at), user, AuditAction(action), revision=0)


class DynamoAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def sequence(self) -> int:
        head = await self.head()
        waiting = await self._waiting(min(_PLACED_AT_ONCE, TILE_HASHES - head.size % TILE_HASHES))
        if not waiting:
            return 0
        edge, references = await self._edge(head)
        after, tiles = appended(head, edge, waiting)
        references += [_reference(entry) for entry in waiting]
        actions = [
            self._table.put(
                {**_HEAD_KEY, "log_size": number(after.size), "head": binary(after.encode())},
                condition="log_size = :size" if head.size else ABSENT,
                values={":size": number(head.size)} if head.size else None,
            )
        ]
        for (level, place), hashes in tiles.items():
            item: Item = {**keys.tile_key(level, place), "hashes": binary(hashes)}
            if level == 0:
                item["entries"] = binary(zlib.compress(orjson.dumps(references)))
            actions.append(self._table.put(item))
        for position, entry in enumerate(waiting, start=head.size):
            actions.append(
                self._table.update(
                    keys.audit_key(entry.package_id, entry.id),
                    _PLACE,
                    condition="attribute_exists(status_shard)",
                    values={":position": number(position)},
                )
            )
        try:
            await self._table.transact(actions)
        except (ConditionFailed, EngineConflict):
            return 0  # another process was faster
        return len(waiting)

    async def lease(self, holder: str, *, seconds: float) -> bool:
        now = self._clock.now()
        item = await self._table.get(_LEASE_KEY)
        if item is not None and (ends := datetime.fromisoformat(attribute(item, "leased_until"))) > now:
            if attribute(item, "holder") != holder:
                return False
            if ends > now + timedelta(seconds=seconds / 2):
                return True
        until = now + timedelta(seconds=seconds)
        lease: Item = {
            **_LEASE_KEY,
            "holder": text(holder),
            "leased_until": text(until.isoformat()),
        }
        put = self._table.put(lease, condition=ABSENT)
        if item is not None:
            put = self._table.put(lease, condition="leased_until = :before", values={":before": item["leased_until"]})
        with contextlib.suppress(ConditionFailed, EngineConflict):
            await self._table.transact([put])
            return True
        return False

    async def head(self) -> LogHead:
        item = await self._table.get(_HEAD_KEY)
        if item is None:
            return LogHead.empty()
        return LogHead.decode(int(attribute(item, "log_size", "N")), attribute(item, "head", "B"))

    async def read_tile(self, level: int, number: int) -> bytes:
        item = await self._table.get(keys.tile_key(level, number))
        return b"" if item is None else bytes(attribute(item, "hashes", "B"))

    async def get_entries(self, first: int, *, limit: int) -> Sequence[AuditEntry]:
        last = first + limit - 1
        tiles = await self._references(range(first // TILE_HASHES, last // TILE_HASHES + 1))
        wanted = [tiles[position] for position in range(first, last + 1) if position in tiles]
        return await self._entries(wanted)

    async def list_entries(self, wanted: AuditFilter, *, limit: int, below: int | None) -> LogPage:
        below = (await self.head()).size if below is None else below
        found: list[tuple[int, Reference]] = []
        end = (below - 1) // TILE_HASHES + 1
        last_walked = max(end - _WALK_TILES, 0)
        while end > last_walked:
            begin = max(end - _TILES_AT_ONCE, last_walked)
            references = await self._references(range(begin, end))
            for position in sorted((place for place in references if place < below), reverse=True):
                entry = _described(references[position])
                if wanted.is_past(entry):
                    return await self._page(found, None)
                if wanted.matches(entry):
                    if len(found) == limit:
                        return await self._page(found, found[-1][0])
                    found.append((position, references[position]))
            end = begin
        return await self._page(found, end * TILE_HASHES or None)

    async def get_checkpoint(self) -> str | None:
        item = await self._table.get(_CHECKPOINT_KEY)
        return None if item is None else attribute(item, "note")

    async def put_checkpoint(self, note: str, *, size: int) -> None:
        item: Item = {**_CHECKPOINT_KEY, "note": text(note), "log_size": number(size)}
        condition = "attribute_not_exists(pk) OR log_size <= :log_size"
        with contextlib.suppress(ConditionFailed):
            await self._table.transact([self._table.put(item, condition=condition, values={":log_size": number(size)})])

    async def _waiting(self, limit: int) -> list[AuditEntry]:
        """Entries that wait, the oldest first. The index may be late in both directions: the items decide."""
        pages = await asyncio.gather(
            *(self._table.query(shard, limit=limit, index=True) for shard in keys.waiting_audit_shards())
        )
        listed = sorted((item for items, _ in pages for item in items), key=lambda item: str(attribute(item, "id")))
        items = await self._table.batch_get([keys.key_of(item) for item in listed[:limit]])
        return sorted((read_entry(item) for item in items if "status_shard" in item), key=lambda entry: entry.id)

    async def _edge(self, head: LogHead) -> tuple[Tiles, list[Reference]]:
        """The tiles at the right edge, and the references of the last tile of leaves."""
        items = await self._table.batch_get([keys.tile_key(*place) for place in right_edge(head.size)])
        by_key = {attribute(item, "pk"): item for item in items}
        tiles: Tiles = {}
        references: list[Reference] = []
        for level, place in right_edge(head.size):
            item = by_key.get(attribute(keys.tile_key(level, place), "pk"))
            if item is not None:
                tiles[level, place] = bytes(attribute(item, "hashes", "B"))
                if level == 0:
                    references = orjson.loads(zlib.decompress(attribute(item, "entries", "B")))
        return tiles, references

    async def _references(self, tiles: range) -> dict[int, Reference]:
        """What these tiles have of their entries, by position."""
        items = await self._table.batch_get([keys.tile_key(0, place) for place in tiles])
        found: dict[int, Reference] = {}
        for item in items:
            first = int(attribute(item, "pk").rpartition("#")[2]) * TILE_HASHES
            references = orjson.loads(zlib.decompress(attribute(item, "entries", "B")))
            for place, (package_id, id_, at, user, action) in enumerate(references):
                found[first + place] = (package_id, id_, at, user, action)
        return found

    async def _page(self, found: list[tuple[int, Reference]], next_below: int | None) -> LogPage:
        entries = await self._entries([reference for _, reference in found])
        return LogPage(tuple(reversed(entries)), next_below)

    async def _entries(self, references: Sequence[Reference]) -> list[AuditEntry]:
        """The entries themselves, oldest first: what the trail of each package shows is what the log shows."""
        items = await self._table.batch_get([keys.audit_key(package_id, id_) for package_id, id_, *_ in references])
        return sorted(map(read_entry, items), key=lambda entry: entry.position or 0)
