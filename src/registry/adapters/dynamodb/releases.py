"""Releases in DynamoDB: prepared item by item, committed by one write, carried out afterwards.

A transaction takes 100 actions, and fifty packages with their listing entries are thousands. `release_view` shows how
readers see all or nothing all the same. Whoever wants to change an item that is prepared ends its release first: it
carries out one that is committed, and cancels one that is not. So a process that dies holds up nobody, and the sweep
ends what it left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.adapters.dynamodb import keys, name_keys, records
from registry.adapters.dynamodb.audit import audit_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.listed_summaries import without_summary
from registry.adapters.dynamodb.names import owners_of
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.ratings import rating_request_item
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_ending import (
    UNDECIDED,
    carry_out,
    clean,
    decide,
    end_release,
    get_settled,
)
from registry.adapters.dynamodb.release_view import ReleaseState, states_of
from registry.domain.errors import NotFound, PermissionDenied, RevisionConflict, Unavailable
from registry.domain.names import not_owner
from registry.domain.releases import Release, ReleasedName, ReleasedPackage
from registry.ports.clock import Clock

SETTLED_AFTER = timedelta(seconds=60)
"""Longer than any read takes: readers that began before the commit have ended."""
_INDEX_SECONDS = 5.0
_CHANGED = "A package or name was changed while the release was prepared."


class DynamoReleaseStore:
    """Implements `ReleaseStore`. `after` is called after each step, with its name."""

    def __init__(
        self, table: DynamoTable, *, clock: Clock, after: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._table = table
        self._clock = clock
        self._after = after

    async def release(self, release: Release) -> None:
        header: Item = {
            **name_keys.release_key(release.id),
            "stage": text(ReleaseState.PREPARING),
            "begun_at": text(self._clock.now().isoformat()),
        }
        await self._table.transact([self._table.put(header)])
        await self._step("begun")
        try:
            # One after the other: each transaction checks that the release was not cancelled.
            for named in release.names:
                await self._prepare_name(release, named)
            for released in release.packages:
                await self._prepare_package(release, released)
            await self._see_index(release)
            await self._step("prepared")
            await self._commit(release.id)
        except (NotFound, PermissionDenied, RevisionConflict):
            await end_release(self._table, release.id)
            raise
        await self._step("committed")
        await carry_out(self._table, release.id)
        await self._step("carried out")

    async def settle(self, now: datetime) -> int:
        ended = 0
        for header in await self._table.query_all(name_keys.RELEASES):
            if datetime.fromisoformat(attribute(header, "begun_at")) + SETTLED_AFTER <= now:
                release_id = attribute(header, "sk")
                await end_release(self._table, release_id)
                await clean(self._table, release_id)
                ended += 1
        return ended

    async def _step(self, name: str) -> None:
        if self._after is not None:
            await self._after(name)

    async def _prepare_package(self, release: Release, released: ReleasedPackage) -> None:
        after = released.package
        record = await get_settled(self._table, keys.record_key(after.id))
        if record is None or int(attribute(record, "revision", "N")) != after.revision - 1:
            raise RevisionConflict("A package changed since it was read.")
        before = records.read_package(record, None)
        settled = records.with_readme_of(records.record_item(after), record)
        old, new = records.entries(before, records.read_score(record)), records.entries(after, None)
        now, audit = self._clock.now(), released.change.audit
        puts = [
            audit_item(audit),
            rating_request_item(after.id, asked_by=audit.user or "", due_at=now),
            *event_items(released.change.events, revision=after.revision),
        ]
        part: Item = {
            **name_keys.release_part_key(release.id, after.id),
            "settled": {"M": settled},
            "version": {"M": name_keys.version_key(after.type, after.name, after.version)},
            "puts": _maps(puts),
            "deletes": _maps(keys.key(*place) for place in old if place not in new),
            "added": _maps(keys.key(*place) for place in new if place not in old),
            "shard": record["status_shard"],
        }
        actions = [
            self._prepare(
                keys.record_key(after.id),
                release.id,
                {name: settled[name] for name in ("status", "summary", "revision")},
                "revision = :expected AND attribute_not_exists(to_be)",
                {":expected": number(before.revision)},
                shard=settled["status_shard"],
            ),
            self._prepare(
                name_keys.version_key(after.type, after.name, after.version),
                release.id,
                {"status": settled["status"]},
                "attribute_exists(pk)",
            ),
            self._table.put(part),
            *(
                # Without the summary: whether the package is shown depends on its release.
                self._table.put({**without_summary(entry), "revision": number(after.revision)})
                for entry in new.values()
            ),
        ]
        await self._guarded(release.id, actions)

    async def _prepare_name(self, release: Release, released: ReleasedName) -> None:
        name = released.name
        key = name_keys.name_key(name.type, name.name)
        found = await get_settled(self._table, key)
        aliases: Item = {"aliases": {"M": {alias: text(version) for alias, version in name.aliases.items()}}}
        changed: Item = {**aliases, "revision": number(name.revision)}
        part: Item = {
            **name_keys.release_part_key(release.id, f"{name.type.value}#{name.name}"),
            "name": {"M": key},
            "changed": {"M": changed},
            "puts": _maps([*map(audit_item, released.audit), *event_items(released.events, revision=name.revision)]),
        }
        condition = "revision = :expected AND attribute_not_exists(to_be)"
        values: Item = {":expected": number(name.revision - 1)}
        if release.principal is not None:
            condition += " AND contains(owners, :user)"
            values[":user"] = text(release.principal)
        prepared = self._prepare(key, release.id, changed, condition, values)
        try:
            await self._guarded(release.id, [prepared, self._table.put(part)])
        except RevisionConflict:
            if found is not None and release.principal not in (None, *owners_of(found)):
                raise not_owner(name.name) from None
            raise

    def _prepare(
        self,
        key: Item,
        release_id: str,
        following: Item,
        condition: str,
        values: Item | None = None,
        *,
        shard: Any = None,
    ) -> Action:
        expression = "SET in_release = :release, to_be = :next"
        more: Item = {":release": text(release_id), ":next": {"M": following}, **(values or {})}
        if shard is not None:
            # The index has to have the package among the active ones before it is one: it is late.
            expression, more[":shard"] = expression + ", status_shard = :shard", shard
        return self._table.update(key, expression, condition=condition, values=more)

    async def _guarded(self, release_id: str, actions: Sequence[Action]) -> None:
        """Do all of it while the release is being prepared. Raises RevisionConflict."""
        values: Item = {":preparing": text(ReleaseState.PREPARING)}
        check = self._table.check(name_keys.release_key(release_id), condition=UNDECIDED, values=values)
        try:
            await self._table.transact([check, *actions])
        except ConditionFailed:
            raise RevisionConflict("A package or name changed since it was read.") from None

    async def _see_index(self, release: Release) -> None:
        """Wait until the index has the packages among the active ones, each for a bounded time.

        In vain where the release was cancelled meanwhile: raises RevisionConflict then.
        """
        left = [each.package for each in release.packages]
        try:
            async with asyncio.timeout(_INDEX_SECONDS) as waiting:
                while left:
                    package = left[-1]
                    shard = f"{package.status.value}#{keys.shard_of(package.id)}"
                    if await self._table.index_has(shard, package.id):
                        left.pop()
                        waiting.reschedule(asyncio.get_running_loop().time() + _INDEX_SECONDS)
                        continue
                    states = await states_of(self._table, [release.id])
                    if states.get(release.id) is not ReleaseState.PREPARING:
                        raise RevisionConflict(_CHANGED)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await end_release(self._table, release.id)
            raise Unavailable("The index is late; release again in a moment.") from None

    async def _commit(self, release_id: str) -> None:
        if not await decide(self._table, release_id, ReleaseState.COMMITTED, at=self._clock.now()):
            raise RevisionConflict(_CHANGED)


def _maps(items: Iterable[Item]) -> Any:
    return {"L": [{"M": item} for item in items]}
