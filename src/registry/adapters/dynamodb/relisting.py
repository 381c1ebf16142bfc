"""Listing entries from before listings by name and by score, and from before entries held summaries.

The former have no places, and a net score for its lower bound; the latter are complete, but none is under `all`. A walk
over all packages, oldest first, gives them what they lack, for either in turn. The item of the upgrade says how far it
is, so it goes on after a restart, and several processes may walk at once. Until all have their places, a listing by
name or score would miss packages, and is refused. Until all have their summaries, a listing of all reads the index and
the records, as it did before.
"""

from registry.adapters.dynamodb import keys, listing_keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number
from registry.adapters.dynamodb.listing import walk
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_ending import end_release
from registry.adapters.dynamodb.table import missing_indexes
from registry.adapters.dynamodb.transaction import ABSENT
from registry.adapters.dynamodb.upgrades import DynamoUpgradeStore
from registry.domain.errors import Unavailable
from registry.domain.listing import Order, PackageFilter
from registry.domain.scores import lower_bound, millionths

_WALKING = {
    listing_keys.HAVE_PLACES: "places up to ",
    listing_keys.HAVE_SUMMARIES: "summaries up to ",
}
"""How the state of an upgrade begins that has not reached this one yet."""
_PACKAGES_AT_ONCE = 20
_TRIES = 8


class ListingUpgrade:
    """The upgrade of one table's listings."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._upgrades = DynamoUpgradeStore(table)
        self._done = False
        self._whole = False

    async def check_done(self) -> None:
        """Raises Unavailable while entries may lack their places. A call until it is done, then none."""
        if not self._done:
            self._done = _has_places(await self._upgrades.find(listing_keys.LISTINGS))
        if not self._done:
            raise Unavailable(
                "Listings by name and score are being prepared; until then list by creation.", retry_after_seconds=60
            )

    async def lists_all(self) -> bool:
        """Whether every active package has an entry under `all`. A call until that is so, then none."""
        if not self._whole:
            self._whole = await self._upgrades.find(listing_keys.LISTINGS) == listing_keys.HAVE_SUMMARIES
        return self._whole

    async def step(self) -> bool:
        """Give some packages' entries what they lack. Whether there may be more. Raises Unavailable."""
        state = await self._upgrades.find(listing_keys.LISTINGS)
        if state == listing_keys.HAVE_SUMMARIES:
            return False
        following = listing_keys.HAVE_SUMMARIES if _has_places(state) else listing_keys.HAVE_PLACES
        walking = _WALKING[following]
        if missing := await missing_indexes(self._table):
            raise Unavailable(f"The table lacks {', '.join(missing)}; `registry tables create` adds what is missing.")
        after = state.removeprefix(walking) if state is not None and state.startswith(walking) else None
        everything = PackageFilter(status=None, order=Order.OLDEST)
        listed, reached = await walk(self._table, everything, limit=_PACKAGES_AT_ONCE, after=after)
        for package_id, _ in listed:
            await _relist(self._table, package_id)
        await self._upgrades.swap(
            listing_keys.LISTINGS, following if reached is None else walking + reached, expected=state
        )
        return reached is not None or following != listing_keys.HAVE_SUMMARIES


def _has_places(state: str | None) -> bool:
    return state is not None and (state in _WALKING or state.startswith(_WALKING[listing_keys.HAVE_SUMMARIES]))


async def _relist(table: DynamoTable, package_id: str) -> None:
    """Write all listing entries of a package as its record and rating are. Raises Unavailable."""
    for _ in range(_TRIES):
        record = await table.get(keys.record_key(package_id))
        if record is None:
            return
        if "to_be" in record:
            await end_release(table, attribute(record, "in_release"))
            continue
        try:
            await _write_entries(table, record, await table.get(keys.rating_key(package_id)))
        except ConditionFailed:
            continue  # changed or rated meanwhile
        return
    raise Unavailable(f"The package {package_id} is being changed; try again.")


async def _write_entries(table: DynamoTable, record: Item, rating: Item | None) -> None:
    package = records.read_package(record, None)
    score = None
    if rating is not None and attribute(rating, "revision", "N") == attribute(record, "revision", "N"):
        bound = lower_bound(attribute(rating, "summary", "B"))
        score = None if bound is None else millionths(bound)
    before, after = records.entries(package, records.read_score(record)), records.entries(package, score)
    values: Item = {":revision": record["revision"]}
    if score is not None:
        values[":score"] = number(score)
    unrated = rating is None
    await table.transact(
        [
            table.update(
                keys.record_key(package.id),
                "REMOVE score" if score is None else "SET score = :score",
                condition="revision = :revision AND attribute_not_exists(to_be)",
                values=values,
            ),
            table.check(
                keys.rating_key(package.id),
                condition=ABSENT if unrated else "etag = :etag",
                values=None if rating is None else {":etag": rating["etag"]},
            ),
            *(table.put({**entry, "revision": number(package.revision)}) for entry in after.values()),
            *(table.delete(keys.key(*place)) for place in before if place not in after),
        ]
    )
