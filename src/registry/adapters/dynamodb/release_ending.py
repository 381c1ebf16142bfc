"""How a release in DynamoDB ends: committed or cancelled, carried out or undone, and forgotten. See `releases`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from registry.adapters.dynamodb import keys, name_keys
from registry.adapters.dynamodb.changes import change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_view import ReleaseState

_Item = TypeVar("_Item")
_AT_ONCE = 8
UNDECIDED = "stage = :preparing"
_PREPARED = "in_release = :release AND attribute_exists(to_be)"


async def decide(table: DynamoTable, release_id: str, state: ReleaseState, *, at: datetime | None = None) -> bool:
    """Decide a release that is being prepared; False where it was decided before."""
    values: Item = {":stage": text(state), ":preparing": text(ReleaseState.PREPARING)}
    expression = "SET stage = :stage"
    if at is not None:
        expression, values[":at"] = expression + ", begun_at = :at", text(at.isoformat())
    decided = table.update(name_keys.release_key(release_id), expression, condition=UNDECIDED, values=values)
    try:
        await table.transact([decided])
    except ConditionFailed:
        return False
    return True


async def read_settled(table: DynamoTable, read: Callable[[], Awaitable[list[Item]]]) -> list[Item]:
    """What `read` gives, as the items are stored; a release that has prepared them has ended."""
    while True:
        items = await read()
        prepared = [attribute(item, "in_release") for item in items if "to_be" in item]
        if not prepared:
            return items
        await end_release(table, prepared[0])


async def get_settled(table: DynamoTable, key: Item) -> Item | None:
    """The item as it is stored, None where there is none; a release that has prepared it has ended."""

    async def read() -> list[Item]:
        item = await table.get(key)
        return [] if item is None else [item]

    return next(iter(await read_settled(table, read)), None)


async def end_release(table: DynamoTable, release_id: str) -> None:
    """See to it that nothing is prepared any more: cancel the release unless it is committed, then carry it out."""
    await decide(table, release_id, ReleaseState.CANCELLED)
    header = await table.get(name_keys.release_key(release_id))
    if header is None:
        return
    if ReleaseState(attribute(header, "stage")) is ReleaseState.COMMITTED:
        await carry_out(table, release_id)
    else:
        await _each(await table.query_all(f"Z#{release_id}"), lambda part: _undo(table, release_id, part))


async def carry_out(table: DynamoTable, release_id: str) -> None:
    """Change for good what a committed release has prepared. Parts that were carried out before stay as they are."""
    await _each(await table.query_all(f"Z#{release_id}"), lambda part: _carry_out(table, release_id, part))


async def _carry_out(table: DynamoTable, release_id: str, part: Item) -> None:
    own: Item = {":release": text(release_id)}
    puts = [table.put(put) for put in _items(part, "puts")]
    if "name" in part:
        changed = attribute(part, "changed", "M")
        values: Item = {**own, ":aliases": changed["aliases"], ":revision": changed["revision"]}
        expression = "SET aliases = :aliases, revision = :revision REMOVE to_be"
        key = attribute(part, "name", "M")
        actions = [table.update(key, expression, condition=_PREPARED, values=values)]
    else:
        settled: Item = {**attribute(part, "settled", "M"), "in_release": text(release_id)}
        version: Item = {**own, ":status": settled["status"]}
        # By the time of this write, whenever the release was prepared: followers of the log are past that.
        puts.append(table.put(change_item(attribute(settled, "id"), now=table.now())))
        actions = [
            table.put(settled, condition="in_release = :release AND attribute_exists(to_be)", values=own),
            table.update(
                attribute(part, "version", "M"),
                "SET #status = :status REMOVE to_be",
                condition="in_release = :release",
                values=version,
                names={"#status": "status"},
            ),
            *(table.delete(entry) for entry in _items(part, "deletes")),
        ]
    await _unless_done(table, [*actions, *puts])


async def _undo(table: DynamoTable, release_id: str, part: Item) -> None:
    own: Item = {":release": text(release_id)}
    if "name" in part:
        forgotten = [(attribute(part, "name", "M"), "REMOVE to_be, in_release", own)]
        entries: list[Item] = []
    else:
        record = keys.key_of(attribute(part, "settled", "M"))
        shard: Item = {**own, ":shard": part["shard"]}
        forgotten = [
            (record, "SET status_shard = :shard REMOVE to_be, in_release", shard),
            (attribute(part, "version", "M"), "REMOVE to_be, in_release", own),
        ]
        entries = _items(part, "added")
    actions = [
        table.update(key, expression, condition=_PREPARED, values=values) for key, expression, values in forgotten
    ]
    await _unless_done(table, [*actions, *map(table.delete, entries), table.delete(keys.key_of(part))])


async def clean(table: DynamoTable, release_id: str) -> None:
    """Take away the last traces of a release that has ended a while ago."""
    own: Item = {":release": text(release_id)}
    parts = await table.query_all(f"Z#{release_id}")

    async def forget(part: Item) -> None:
        if "name" in part:
            places = [attribute(part, "name", "M")]
        else:
            places = [keys.key_of(attribute(part, "settled", "M")), attribute(part, "version", "M")]
        for key in places:
            # One that another release prepares by now, or that is gone, is let be.
            condition = "in_release = :release AND attribute_not_exists(to_be)"
            await _unless_done(table, [table.update(key, "REMOVE in_release", condition=condition, values=own)])

    await _each(parts, forget)
    await table.batch_write([{"DeleteRequest": {"Key": keys.key_of(part)}} for part in parts])
    await table.transact([table.delete(name_keys.release_key(release_id))])


async def _unless_done(table: DynamoTable, actions: Sequence[Action]) -> None:
    try:
        await table.transact(actions)
    except ConditionFailed:
        return  # another process was first


async def _each(items: Sequence[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(item: _Item) -> None:
        async with at_once:
            await work(item)

    results = await asyncio.gather(*map(one, items), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _items(part: Item, name: str) -> list[Item]:
    return [each["M"] for each in attribute(part, name, "L") or ()]
