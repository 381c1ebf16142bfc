"""A Merkle tree over a list that only grows, as in RFC 6962, section 2.1, stored in tiles.

A tile holds up to 256 hashes of one level in a row: tile (0, n) the leaves from 256·n on, tile (1, n) the roots of the
tiles (0, 256·n) and so on. What proves an entry's place is found in a few of them, however long the list is.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
TILE_HASHES = 256
TILE_BYTES = HASH_BYTES * TILE_HASHES
_TILE_LEVELS = 8
_EMPTY_ROOT = hashlib.sha256(b"").digest()

TileReader = Callable[[int, int], Awaitable[bytes]]
"""Gives the hashes of a tile by its level and number, joined."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the full subtrees that a list of `size` leaves consists of, the largest first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier of the list with these leaf hashes added."""
        size, roots = self.size, list(self.roots)
        for leaf in leaves:
            roots.append(leaf)
            size += 1
            merges = (size & -size).bit_length() - 1
            for _ in range(merges):
                right = roots.pop()
                roots.append(node_hash(roots.pop(), right))
        return Frontier(size, tuple(roots))

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return joined(self.roots)


def joined(roots: Sequence[bytes]) -> bytes:
    """The root over neighbouring full subtrees, the largest first."""
    if not roots:
        return _EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def hashes_in(tile: bytes) -> list[bytes]:
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


async def root_at(size: int, read_tile: TileReader) -> bytes:
    """The root of the first `size` leaves."""
    return await _range_root(0, size, read_tile)


async def inclusion_proof(index: int, size: int, read_tile: TileReader) -> list[bytes]:
    """The hashes that lead from the leaf `index` to the root of the first `size` leaves, nearest first."""
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        half = 1 << (end - begin - 1).bit_length() - 1
        middle = begin + half
        if index < middle:
            path.append(await _range_root(middle, end, read_tile))
            end = middle
        else:
            path.append(await _range_root(begin, middle, read_tile))
            begin = middle
    return path[::-1]


def proven_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162, section 2.1.3.2); None where it does not fit index and size."""
    if not 0 <= index < size:
        return None
    place, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = node_hash(sibling, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


async def _range_root(begin: int, end: int, read_tile: TileReader) -> bytes:
    """The root over a range that begins where a full subtree of its length could begin."""
    roots = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        roots.append(await _node(level, begin >> level, read_tile))
        begin += 1 << level
    return joined(roots)


async def _node(level: int, index: int, read_tile: TileReader) -> bytes:
    """The root of a full subtree of 2^level leaves."""
    tile_level, height = divmod(level, _TILE_LEVELS)
    first = index << height
    number, start = divmod(first, TILE_HASHES)
    hashes = hashes_in(await read_tile(tile_level, number))[start : start + (1 << height)]
    return Frontier().extended(hashes).root
