"""The listing by score: what is written with a rating, so that the package is found by it."""

from typing import TYPE_CHECKING

from registry.adapters.dynamodb import keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number
from registry.domain.errors import Unavailable
from registry.domain.scores import millionths

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import TransactWriteItemTypeDef


async def score_actions(
    table: DynamoTable, package_id: str, *, revision: int, lower_bound: float | None
) -> "list[TransactWriteItemTypeDef]":
    """The actions that list a package by the lower bound of its net score, as long as its record has this revision.

    None when it has another: then the rating is that of a revision that is gone. Raises Unavailable while a release
    prepares the package: a change of its record would undo that, and the released revision is rated anyway.
    """
    record = await table.get(keys.record_key(package_id))
    if record is None or int(records.attribute(record, "revision", "N")) != revision:
        return []
    if "to_be" in record:
        raise Unavailable("The package is being released, and is rated after that.")
    score = None if lower_bound is None else millionths(lower_bound)
    old_score = records.read_score(record)
    if score == old_score:
        return []
    package = records.read_package(record, None)
    before, after = records.entries(package, old_score), records.entries(package, score)
    values: Item = {":revision": number(revision)}
    if score is not None:
        values[":score"] = number(score)
    return [
        table.update(
            keys.record_key(package_id),
            "REMOVE score" if score is None else "SET score = :score",
            condition="revision = :revision AND attribute_not_exists(to_be)",
            values=values,
        ),
        *(
            table.put({**entry, "revision": number(revision)})
            for place, entry in after.items()
            if before.get(place) != entry
        ),
        *(table.delete(keys.key(*place)) for place in before if place not in after),
    ]
