"""The tree against RFC 6962's own definition, and the test vectors of Certificate Transparency."""

import asyncio
from collections.abc import Sequence

import pytest

from registry.domain.merkle import (
    TILE_BYTES,
    Frontier,
    hashes_in,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proven_root,
    root_at,
)

VECTORS = [
    b"",
    b"\x00",
    b"\x10",
    b" !",
    b"01",
    b"@ABC",
    b"PQRSTUVW",
    b"`abcdefghijklmno",
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def defined_root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(defined_root(leaves[:half]), defined_root(leaves[half:]))


def tiles_of(leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    tiles: dict[tuple[int, int], bytes] = {}
    level, hashes = 0, list(leaves)
    while hashes:
        text = b"".join(hashes)
        pieces = [text[start : start + TILE_BYTES] for start in range(0, len(text), TILE_BYTES)]
        tiles |= {(level, number): piece for number, piece in enumerate(pieces)}
        hashes = [defined_root(hashes_in(piece)) for piece in pieces if len(piece) == TILE_BYTES]
        level += 1
    return tiles


def test_vectors() -> None:
    leaves = [leaf_hash(data) for data in VECTORS]
    for size, root in ROOTS.items():
        assert Frontier().extended(leaves[:size]).root.hex() == root


def test_the_frontier_grows_to_the_defined_root() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(70)]
    frontier = Frontier()
    for size, leaf in enumerate(leaves, start=1):
        frontier = frontier.extended([leaf])
        assert frontier == Frontier().extended(leaves[:size])
        assert frontier.root == defined_root(leaves[:size])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 255, 256, 257, 513, 700])
def test_every_place_is_proven_and_no_other(size: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(700)]
    tiles, root = tiles_of(leaves), defined_root(leaves[:size])

    async def read(level: int, number: int) -> bytes:
        return tiles[level, number]

    async def check() -> None:
        assert await root_at(size, read) == root
        for index in range(0, size, max(1, size // 40)):
            path = await inclusion_proof(index, size, read)
            assert proven_root(leaves[index], index, size, path) == root
            assert proven_root(leaves[index], index + 1, size, path) != root
            assert proven_root(leaves[(index + 1) % 700], index, size, path) != root
            assert proven_root(leaves[index], index, size, [*path, root]) is None
            if path:
                assert proven_root(leaves[index], index, size, path[:-1]) != root

    asyncio.run(check())


def test_a_large_tree_is_read_in_few_tiles() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(70_000)]
    tiles, asked = tiles_of(leaves), set()

    async def read(level: int, number: int) -> bytes:
        asked.add((level, number))
        return tiles[level, number]

    path = asyncio.run(inclusion_proof(40_000, 70_000, read))
    assert proven_root(leaves[40_000], 40_000, 70_000, path) == Frontier().extended(leaves).root
    assert len(asked) <= 6
