"""A table in memory with its global secondary indexes."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.engine.capacity import item_size, write_units
from bench.engine.expressions import Item

Place = tuple[str, ...]
"""What an entry is ordered by: its sort key, and in an index the keys of its item."""


@dataclass(slots=True)
class _Partition:
    places: list[Place] = field(default_factory=list)
    items: dict[Place, Item] = field(default_factory=dict)


class Keyed:
    """Items, or entries of an index, by partition key in the order of their places."""

    def __init__(self, partition: str, sort: str) -> None:
        self.partition = partition
        self.sort = sort
        self.partitions: dict[str, _Partition] = {}

    def get(self, key: str, place: Place) -> Item | None:
        found = self.partitions.get(key)
        return None if found is None else found.items.get(place)

    def put(self, key: str, place: Place, item: Item) -> None:
        into = self.partitions.setdefault(key, _Partition())
        if place not in into.items:
            insort(into.places, place)
        into.items[place] = item

    def remove(self, key: str, place: Place) -> None:
        into = self.partitions.get(key)
        if into is not None and into.items.pop(place, None) is not None:
            del into.places[bisect_left(into.places, place)]

    def walk(self, key: str, *, after: Place | None, forward: bool) -> Iterator[tuple[Place, Item]]:
        """The entries of a partition, after `after` in the order of the walk."""
        found = self.partitions.get(key)
        if found is None:
            return
        places = found.places if forward else found.places[::-1]
        if after is not None:
            start = bisect_left(found.places, after)
            here = start < len(found.places) and found.places[start] == after
            places = found.places[start + here :] if forward else found.places[:start][::-1]
        for place in places:
            yield place, found.items[place]


class Table:
    """Made by CreateTable's parameters. All keys are strings, as the registry's are."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition
        self.base = Keyed(*_keys(definition))
        self.indexes: dict[str, tuple[Keyed, frozenset[str] | None]] = {}
        self.ttl: dict[str, Any] | None = None
        for index in definition.get("GlobalSecondaryIndexes", ()):
            keyed, projection = Keyed(*_keys(index)), index["Projection"]
            kept = {keyed.partition, keyed.sort, self.base.partition, self.base.sort}
            whole = projection["ProjectionType"] == "ALL"
            self.indexes[index["IndexName"]] = (
                keyed,
                None if whole else frozenset(kept | set(projection.get("NonKeyAttributes", ()))),
            )

    def key_of(self, item: Item) -> tuple[str, Place]:
        return item[self.base.partition]["S"], (item[self.base.sort]["S"],)

    def get(self, key: Item) -> Item | None:
        return self.base.get(*self.key_of(key))

    def write(self, key: Item, after: Item | None, *, factor: float = 1.0) -> list[tuple[str, float]]:
        """Put or remove (None) an item; the units of that, times `factor`, and of its entries in the indexes.

        Each with its partition key; that of an index has the name of the index before it.
        """
        at, place = self.key_of(key)
        before = self.base.get(at, place)
        if after is None:
            self.base.remove(at, place)
        else:
            self.base.put(at, place, after)
        size = max(item_size(each) for each in (before or {}, after or {}))
        written = [(at, write_units(size) * factor)]
        for name, index in self.indexes.items():
            entries = _write_entry(*index, (at, *place), before, after)
            written += [(f"{name} {partition}", units) for partition, units in entries]
        return written


def _write_entry(
    keyed: Keyed, kept: frozenset[str] | None, own: Place, before: Item | None, after: Item | None
) -> Iterator[tuple[str, float]]:
    """Bring one index in step; an entry that moves is two writes."""
    was, is_ = _entry(keyed, kept, own, before), _entry(keyed, kept, own, after)
    if was == is_:
        return
    if was is not None and (is_ is None or was[:2] != is_[:2]):
        keyed.remove(*was[:2])
        yield was[0], write_units(item_size(was[2]))
    if is_ is not None:
        keyed.put(*is_)
        yield is_[0], write_units(item_size(is_[2]))


def _entry(keyed: Keyed, kept: frozenset[str] | None, own: Place, item: Item | None) -> tuple[str, Place, Item] | None:
    if item is None or keyed.partition not in item or keyed.sort not in item:
        return None
    entry = item if kept is None else {name: value for name, value in item.items() if name in kept}
    return item[keyed.partition]["S"], (item[keyed.sort]["S"], *own), entry


def _keys(definition: dict[str, Any]) -> tuple[str, str]:
    by_type = {key["KeyType"]: key["AttributeName"] for key in definition["KeySchema"]}
    return by_type["HASH"], by_type["RANGE"]
