"""What readers see of items that a release is about to change.

A release prepares its items: each gets the release's id (`in_release`) and the attributes that it is to have (`to_be`).
The change of the release's `stage` to committed is one write, and from then on all those items are what `to_be` says.
Carrying that out comes later: the items change for good and lose `to_be`; their `in_release` stays a while longer.

A reader that meets an `in_release` asks for the stages of all those that it met, then reads again and judges by these
stages, whatever is committed meanwhile. So what it shows is from before or from after a release, never a mixture: all
was prepared before the commit, so a second read that is judged as committed finds all of it; and an item that lost
`to_be` though its release was not committed when asked was changed in between, so that the reader begins again.
"""

from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from registry.adapters.dynamodb import name_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.records import attribute
from registry.domain.errors import Unavailable

READS = 8


class ReleaseState(StrEnum):
    PREPARING = "preparing"
    COMMITTED = "committed"
    CANCELLED = "cancelled"


async def read_released(table: DynamoTable, read: Callable[[], Awaitable[list[Item]]]) -> list[Item]:
    """The items that `read` gives, as of before or after every release. One call of `read` where none is met."""
    states: dict[str, ReleaseState] = {}
    for _ in range(READS):
        items = await read()
        met = {release for item in items if (release := attribute(item, "in_release"))}
        if not met:
            return items
        if met <= states.keys() and all(_fits(item, states) for item in items):
            return [_seen(item, states) for item in items]
        states = await states_of(table, met)
    raise Unavailable("Releases are being carried out; try again.")


async def states_of(table: DynamoTable, releases: Iterable[str]) -> dict[str, ReleaseState]:
    """The states of those releases that are there: the items of one that is gone have no trace of it."""
    found = await table.batch_get([name_keys.release_key(release) for release in releases])
    return {attribute(item, "sk"): ReleaseState(attribute(item, "stage")) for item in found}


def _fits(item: Item, states: dict[str, ReleaseState]) -> bool:
    release = attribute(item, "in_release")
    return release is None or "to_be" in item or states[release] is ReleaseState.COMMITTED


def _seen(item: Item, states: dict[str, ReleaseState]) -> Item:
    release = attribute(item, "in_release")
    if release is None or "to_be" not in item or states[release] is not ReleaseState.COMMITTED:
        return item
    return {**item, **attribute(item, "to_be", "M")}
