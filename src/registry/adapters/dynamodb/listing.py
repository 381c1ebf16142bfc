"""Listings: which partitions answer a filter, and one walk over several of them in the order of the listing.

The dimension that restricts most is answered by its partitions, the others are checked on what those hold. So that the
check cannot turn into a scan, a page looks at a bounded number of entries: then it ends early, with fewer items and the
place to go on from.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import NamedTuple

from registry.adapters.dynamodb import keys, listing_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import SHARDS, Item
from registry.adapters.dynamodb.names import owned_names
from registry.adapters.dynamodb.records import attribute, read_score
from registry.domain.listing import Order, PackageFilter, lowest_score_place
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.scores import ScoresFrom, least, reaches
from registry.domain.versions import Version, VersionRange

SHARD_ENTRIES = 12
"""The least that is asked of a shard."""
REFILL_ENTRIES = 250
"""The most that is asked of a partition once it has given all that was asked of it: twice as much each time."""
EXAMINED_AT_LEAST = 1_000
EXAMINED_PER_ITEM = 20
_ORDERED_BY = {
    Order.NAME: (listing_keys.NAME_INDEX, "name_place"),
    Order.SCORE: (listing_keys.SCORE_INDEX, "score_place"),
}
"""The index that has the entries in another order than that of their ids, and the attribute it is ordered by."""
MAX_NAME_PARTITIONS = 8
"""More names than this, and patterns of names, are checked entry by entry instead."""
MAX_VERSION_PARTITIONS = 8
"""A range over more majors (or minors of one major) than this is checked entry by entry instead."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Where entries of one status are; `share` is the part of a listing that is expected in it.

    `index`: the one that has them, None where the table itself has them in the order of ids. `place` is the attribute
    that the entries are ordered by.
    """

    key: str
    status: PackageStatus
    share: int = 1
    index: str | None = None
    place: str = "sk"


def partitions_for(wanted: PackageFilter, *, whole: bool) -> list[Partition]:
    """The partitions that hold all that `wanted` can match. `whole`: all active packages have an entry under `all`."""
    if wanted.name is not None and wanted.names is not None and not wanted.names.covers(wanted.name):
        return []
    return [partition for status in wanted.statuses for partition in _partitions(status, wanted, whole=whole)]


def _partitions(status: PackageStatus, wanted: PackageFilter, *, whole: bool) -> Iterator[Partition]:
    index, place = _ORDERED_BY.get(wanted.order, (None, "sk"))
    for dimension, value in (("name", wanted.name), ("owner", wanted.created_by), ("tag", wanted.tag)):
        if value is not None:
            yield Partition(listing_keys.listing(status, dimension, value), status, index=index, place=place)
            return
    if values := _values(wanted, status):
        for dimension, value in values:
            share = _share(dimension, len(values))
            yield Partition(listing_keys.listing(status, dimension, value), status, share, index, place)
    elif whole and status is PackageStatus.ACTIVE:
        for partition in listing_keys.whole_listing():
            yield Partition(partition, status, SHARDS)
    else:
        for partition in listing_keys.status_shards(status):
            yield Partition(partition, status, SHARDS, keys.STATUS_INDEX, "id")


def _share(dimension: str, partitions: int) -> int:
    # Versions differ too much in how many packages have them.
    return 1 if dimension in ("version", "minor", "major") else partitions


def _values(wanted: PackageFilter, status: PackageStatus) -> list[tuple[str, str]]:
    """The dimensions and values of the partitions that hold all of a filter without name, owner and tag.

    Empty where the status index is the best there is. It does not have the names.
    """
    by_id = wanted.order not in _ORDERED_BY
    names = wanted.names.exact_names if wanted.names else None
    if names is not None and len(names) <= MAX_NAME_PARTITIONS:
        return [("name", name) for name in names]
    if wanted.min_net_score is not None and wanted.order is not Order.SCORE:
        return [("score", bucket) for bucket in ScoresFrom.of(wanted.min_net_score).all_buckets]
    if by_id and wanted.versions is not None and (versions := _version_values(wanted.versions)):
        return versions
    if by_id and wanted.type is None and wanted.names is None and wanted.owner_of(status) is None:
        return []
    types = [wanted.type] if wanted.type else list(PackageType)
    return [("type", f"{type_.value}#{shard}") for type_ in types for shard in range(SHARDS)]


def _version_values(versions: VersionRange) -> list[tuple[str, str]]:
    """The dimension and the values that hold all of a range; empty where that would be too many."""
    lower = versions.lower
    if versions.exact:
        return [("version", str(lower))]
    last_major, last_minor = _last(versions)
    if last_major == lower.major and last_minor is not None and last_minor - lower.minor < MAX_VERSION_PARTITIONS:
        return [("minor", f"{lower.major}.{minor}") for minor in range(lower.minor, last_minor + 1)]
    if last_major - lower.major < MAX_VERSION_PARTITIONS:
        return [("major", str(major)) for major in range(lower.major, last_major + 1)]
    return []


def _last(versions: VersionRange) -> tuple[int, int | None]:
    """The last major and minor that a range reaches; the minor is None where it takes all of the major's."""
    major, minor, patch = versions.upper.core
    if versions.upper_included or patch > 0:
        return major, minor
    return (major, minor - 1) if minor > 0 else (major - 1, None)


def matches(item: Item, status: PackageStatus, wanted: PackageFilter) -> bool:
    """Whether a record, or an entry of packages with a status, is wanted.

    An entry has not all that a record has: what is missing is not checked. All that a page by net score looks at has
    the score, unless there is none. Who owns a hidden one is left to `owned_names`.
    """
    name = attribute(item, "name")
    tags = attribute(item, "tags", "L")
    score = read_score(item)
    return (
        wanted.status in (None, status)
        and (wanted.name is None or name in (None, wanted.name))
        and (wanted.names is None or name is None or wanted.names.covers(name))
        and wanted.type in (None, attribute(item, "type"))
        and wanted.created_by in (None, attribute(item, "owner"))
        and (wanted.tag is None or tags is None or {"S": wanted.tag} in tags)
        and (wanted.versions is None or wanted.versions.contains(Version.parse(attribute(item, "version"))))
        and (wanted.min_net_score is None or (score is not None and reaches(score, wanted.min_net_score)))
    )


async def _with_owned(table: DynamoTable, items: list[Item], principal: str, *, name: str | None) -> list[Item | None]:
    """The entries of names that the principal owns, None for each other. `name`: that of all of them."""
    names = [_named(item, name) for item in items]
    owned = await owned_names(table, principal, set(names))
    return [item if named in owned else None for item, named in zip(items, names, strict=True)]


async def still_wanted(table: DynamoTable, page: list[Item], wanted: PackageFilter) -> list[Item]:
    """Those records that a listing shows as they are now."""
    current = [(PackageStatus(attribute(item, "status")), item) for item in page]
    current = [(status, item) for status, item in current if matches(item, status, wanted)]
    hidden = {_named(item) for status, item in current if not wanted.viewer.sees_status(status)}
    if not hidden:
        return [item for _, item in current]
    principal = wanted.viewer.principal
    owned = set() if principal is None else await owned_names(table, principal, hidden)
    return [item for status, item in current if wanted.viewer.sees_status(status) or _named(item) in owned]


def _named(item: Item, name: str | None = None) -> tuple[PackageType, str]:
    return PackageType(attribute(item, "type")), name or attribute(item, "name")


class Listed(NamedTuple):
    """A package that a listing finds, and the entry by which it does."""

    package_id: str
    entry: Item


class _Entry(NamedTuple):
    """`item` is None where the viewer does not see the package."""

    place: str
    package_id: str
    item: Item | None


@dataclass(slots=True)
class _Run:
    """What was read of a partition and not yet taken."""

    partition: Partition
    after: str | None
    entries: "deque[_Entry]" = field(default_factory=deque)
    following: int = 0
    ended: bool = False

    async def fill(self, table: DynamoTable, wanted: PackageFilter, *, limit: int) -> None:
        partition, share = self.partition, self.partition.share
        # A shard may hold more than its share: some two standard deviations make a second query rare. Of a page of 50
        # that is twenty entries of a shard, two read units.
        first = limit if share == 1 else max(SHARD_ENTRIES, int(limit / share + 2.2 * sqrt(limit / share)))
        items, self.ended = await self._read(table, wanted, limit=self.following or first)
        self.following = min(REFILL_ENTRIES, 2 * (self.following or first))
        owner = wanted.owner_of(partition.status)
        seen = list(items) if owner is None else await _with_owned(table, items, owner, name=wanted.name)
        package_id = "id" if partition.index == keys.STATUS_INDEX else "sk"
        self.entries.extend(
            _Entry(attribute(item, partition.place), attribute(item, package_id), entry)
            for item, entry in zip(items, seen, strict=True)
        )
        if self.entries:
            self.after = self.entries[-1].place

    async def _read(self, table: DynamoTable, wanted: PackageFilter, *, limit: int) -> tuple[list[Item], bool]:
        partition = self.partition
        if wanted.order not in _ORDERED_BY:
            return await table.query(
                partition.key,
                after=self.after,
                limit=limit,
                newest_first=wanted.order.descending,
                index=partition.index is not None,
            )
        bounded = wanted.order is Order.SCORE and wanted.min_net_score is not None
        return await table.query_index(
            str(partition.index),
            partition.key,
            sort_key=partition.place,
            descending=wanted.order.descending,
            after=self.after,
            lowest=lowest_score_place(least(wanted.min_net_score or 0.0)) if bounded else None,
            limit=limit,
        )


async def walk(
    table: DynamoTable, wanted: PackageFilter, *, limit: int, after: str | None, whole: bool = False
) -> tuple[list[Listed], str | None]:
    """The next packages that match, `limit` at most, and the place after which the next page begins (None: at the end).

    `whole`: see `partitions_for`.
    """
    runs = [_Run(partition, after) for partition in partitions_for(wanted, whole=whole)]
    found: list[Listed] = []
    last = after
    examined = 0
    while True:
        await asyncio.gather(
            *(run.fill(table, wanted, limit=limit + 1) for run in runs if not run.entries and not run.ended)
        )
        ready = [run for run in runs if run.entries]
        if not ready:
            return found, None
        run = (max if wanted.order.descending else min)(ready, key=lambda run: run.entries[0].place)
        entry = run.entries.popleft()
        if entry.item and matches(entry.item, run.partition.status, wanted) and not _is_last(found, entry):
            if len(found) == limit:
                return found, last
            found.append(Listed(entry.package_id, entry.item))
            last = entry.place
        examined += 1
        if examined >= max(EXAMINED_AT_LEAST, EXAMINED_PER_ITEM * limit):
            return found, entry.place


def _is_last(found: list[Listed], entry: _Entry) -> bool:
    return bool(found) and found[-1].package_id == entry.package_id
