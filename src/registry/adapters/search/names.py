"""The names in memory: joined by newlines, so that one run of a pattern goes over thousands.

Blocks are immutable and the table swaps them, so that a search in another thread works on the blocks it began with.
About 30 bytes a package beside the name itself: 8 of key, 4 of where the name begins, 1 of kind, a reference to its
tags, which are shared.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby, islice
from operator import neg
from typing import NamedTuple

from registry.adapters.search.keys import BOTTOM
from registry.adapters.search.patterns import SafePattern
from registry.adapters.search.scopes import ScopeFilter

BLOCK_PACKAGES = 2048
"""Small enough that a change copies 100 KB at most, large enough that 1,000,000 names are 488 runs of a pattern."""


_MAX_MISSES = 500
"""So many lines are looked at in vain (2 µs each) before a search does without the required literals of its pattern."""


class NameRow(NamedTuple):
    """What is kept in memory of one package. `kind` is its type and status as one code.

    A tuple, since a million are made at start: 0.3 µs each, against 1.3 for a frozen dataclass.
    """

    key: int
    name: str
    kind: int
    tags: tuple[str, ...]

    @property
    def line(self) -> bytes:
        return self.name.encode() + b"\n"


@dataclass(frozen=True, slots=True)
class NameBlock:
    """Packages in falling order of their keys, column by column; `text` is a newline, and each name with one after it.

    `starts` is where in the text each name begins, and the end: counting the newlines before a match would take a third
    of a search's time.
    """

    keys: "array[int]"
    text: bytes
    starts: "array[int]"
    kinds: bytes
    tags: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, rows: list[NameRow]) -> "NameBlock":
        return cls(
            array("q", [row.key for row in rows]),
            *_joined([row.line for row in rows]),
            bytes(row.kind for row in rows),
            tuple(row.tags for row in rows),
        )

    @property
    def low(self) -> int:
        return self.keys[-1]

    def index_below(self, key: int) -> int:
        """The place of the first package with a smaller key."""
        return bisect_left(self.keys, 1 - key, key=neg)

    def accepts(self, index: int, scope: ScopeFilter) -> bool:
        return scope.accepts(self.kinds[index], self.tags[index]) and (
            scope.names is None or scope.names.covers(self._name(index))
        )

    def _name(self, index: int) -> str:
        return self.text[self.starts[index] : self.starts[index + 1] - 1].decode()

    def changed(self, changes: Mapping[int, NameRow | None]) -> "list[NameBlock]":
        """The blocks to stand in this one's place: none, one, or several where it has grown too large.

        Columns are cut and joined whole: 0.2 ms, where making rows of them and blocks again takes 2.4.
        """
        keys, lines, kinds = array("q", self.keys), self.text.splitlines(keepends=True)[1:], bytearray(self.kinds)
        tags = list(self.tags)
        for key, row in changes.items():
            at = bisect_left(keys, -key, key=neg)
            place = slice(at, at + (at < len(keys) and keys[at] == key))
            rows = [] if row is None else [row]
            keys[place] = array("q", [row.key for row in rows])
            lines[place] = [row.line for row in rows]
            kinds[place] = bytes(row.kind for row in rows)
            tags[place] = [row.tags for row in rows]
        size = BLOCK_PACKAGES if len(keys) > 2 * BLOCK_PACKAGES else 2 * BLOCK_PACKAGES
        parts = [slice(start, start + size) for start in range(0, len(keys), size)]
        return [NameBlock(keys[part], *_joined(lines[part]), bytes(kinds[part]), tuple(tags[part])) for part in parts]


def _joined(lines: list[bytes]) -> "tuple[bytes, array[int]]":
    """The text of a block, and where its lines begin."""
    return b"".join([b"\n", *lines]), array("I", accumulate(map(len, lines), initial=1))


def _blocks(rows: Iterable[NameRow], size: int) -> Iterator[NameBlock]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield NameBlock.of(chunk)


_NO_PACKAGES = NameBlock.of([])


class NameTable:
    """All packages that the index knows, newest first. One thread changes it, any thread may read."""

    def __init__(self) -> None:
        self._blocks: tuple[NameBlock, ...] = ()

    def __len__(self) -> int:
        return sum(len(block.keys) for block in self._blocks)

    @property
    def blocks(self) -> tuple[NameBlock, ...]:
        """The blocks of this moment."""
        return self._blocks

    def load(self, rows: Iterable[NameRow]) -> None:
        """Forget everything and take these rows, which come in falling order of their keys."""
        self._blocks = tuple(_blocks(rows, BLOCK_PACKAGES))

    def apply(self, changes: Mapping[int, NameRow | None]) -> None:
        """Put rows in place by their keys, and remove those that are None."""
        blocks = list(self._blocks)
        places = ((min(_block_of(blocks, key), max(len(blocks) - 1, 0)), key) for key in sorted(changes))
        # Keys rise, so places fall: a block that becomes several does not move those still to come.
        for place, group in groupby(places, key=lambda found: found[0]):
            block = blocks[place] if blocks else _NO_PACKAGES
            blocks[place : place + 1] = block.changed({key: changes[key] for _, key in group})
        self._blocks = tuple(blocks)

    def find(self, key: int) -> tuple[NameBlock, int] | None:
        """The block and the place in it of the package with this key."""
        blocks = self._blocks
        place = _block_of(blocks, key)
        if place == len(blocks):
            return None
        index = blocks[place].index_below(key + 1)
        return (blocks[place], index) if blocks[place].keys[index] == key else None


def _block_of(blocks: "tuple[NameBlock, ...] | list[NameBlock]", key: int) -> int:
    return bisect_left(blocks, -key, key=lambda block: -block.low)


class NameSearch:
    """A walk over the names that a pattern matches, newest first. Everything above `low` has been seen."""

    def __init__(self, table: NameTable, pattern: SafePattern, scope: ScopeFilter, *, below: int) -> None:
        self._blocks = table.blocks
        self._pattern = pattern
        self._scope = scope
        self._place = _block_of(self._blocks, below - 1)
        self._misses_left = _MAX_MISSES if pattern.has_landmarks else 0
        self.low = below

    def advance(self, limit: int) -> list[int]:
        """The keys of the next matches, `limit` at most, out of one block. `low` becomes BOTTOM at the end."""
        if self._place == len(self._blocks):
            self.low = BOTTOM
            return []
        block = self._blocks[self._place]
        keys: list[int] = []
        index = block.index_below(self.low)
        while (index := self._next_match(block, index)) < len(block.keys):
            if block.accepts(index, self._scope):
                keys.append(block.keys[index])
                if len(keys) == limit:
                    self.low = keys[-1]
                    return keys
            index += 1
        self._place += 1
        self.low = block.low if self._place < len(self._blocks) else BOTTOM
        return keys

    def _next_match(self, block: NameBlock, index: int) -> int:
        """The place of the first name that matches, from `index` on; the number of names without."""
        text, starts, none = block.text, block.starts, len(block.keys)
        while self._misses_left and index < none:
            likely = self._pattern.find_likely(text, starts[index] - 1)
            if likely < 0:
                return none
            index = bisect_right(starts, likely) - 1
            if self._pattern.find_line(text, starts[index], starts[index + 1]) >= 0:
                return index
            self._misses_left -= 1
            index += 1
        found = self._pattern.find_line(text, starts[index])
        return none if found < 0 else min(bisect_right(starts, found) - 1, none)
