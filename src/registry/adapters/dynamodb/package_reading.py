"""A package's record and its README, of one write.

Most records hold their README. A larger one is in an item of its own, which is read once the record says so. It never
changes under its revision, so a process remembers some: a popular package costs its record only.
"""

from collections.abc import Awaitable, Callable, Sequence

from registry.adapters.dynamodb import keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.item_sizes import item_bytes
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.records import attribute
from registry.domain.errors import Unavailable
from registry.domain.recent import RecentBytes

Found = tuple[Item, Item | None, Item | None]
READS = 4
"""How often a record and its README are read before giving up on finding both of one write."""
REMEMBERED_BYTES = 16 * 1024 * 1024
_BEFORE_RECORD = "readme"
"""The sort key of the README, the only item that comes before the record."""


async def query_package(table: DynamoTable, package_id: str) -> list[Item]:
    """All items of a package but its README."""
    items, _last = await table.query(f"P#{package_id}", after=_BEFORE_RECORD)
    return items


class ReadmeItems:
    """The READMEs that are in items of their own."""

    def __init__(self, table: DynamoTable, *, remembered_bytes: int = REMEMBERED_BYTES) -> None:
        self._table = table
        self._remembered = RecentBytes[tuple[str, str], Item](remembered_bytes, size=item_bytes)

    async def find(self, record: Item) -> Item | None:
        """The README item of this very record, None when there is another by now."""
        place = _place(record)
        readme = self._remembered.get(place)
        if readme is None:
            # What a late replica has is right if it is of this revision.
            for consistent in (False, True):
                readme = await self._table.get(keys.readme_key(place[0]), consistent=consistent)
                if readme is not None and records.fits(record, readme):
                    self._remembered.put(place, readme)
                    return readme
            return None
        return readme

    async def find_many(self, wanted: Sequence[Item]) -> dict[str, Item]:
        """The README items of these very records by package, as far as they are there."""
        found = {}
        missing = {}
        for record in wanted:
            readme = self._remembered.get(_place(record))
            if readme is None:
                missing[attribute(record, "id")] = record
            else:
                found[attribute(record, "id")] = readme
        for readme in await self._table.batch_get([keys.readme_key(package_id) for package_id in missing]):
            package_id = attribute(readme, "pk").removeprefix("P#")
            if records.fits(missing[package_id], readme):
                found[package_id] = readme
        return found


async def read_pair(query: Callable[[], Awaitable[list[Item]]], readmes: ReadmeItems, package_id: str) -> Found | None:
    """The record, its README item of the same write and its safety, out of what `query` gives. Raises Unavailable."""
    for _ in range(READS):
        found = {attribute(item, "sk"): item for item in await query()}
        record, safety = found.get("record"), found.get("safety")
        if record is None:
            return None
        if not records.has_readme_item(record):
            return record, None, safety
        if (readme := await readmes.find(record)) is not None:
            return record, readme, safety
    raise Unavailable(f"The package {package_id} is being changed; try again.")


def _place(record: Item) -> tuple[str, str]:
    return attribute(record, "id"), attribute(record, "readme_revision", "N")
