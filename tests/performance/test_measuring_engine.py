"""The engine that benchmarks count with: what calls consume is what AWS's developer guide says they do."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bench.engine.capacity import item_size
from bench.engine.server import serve
from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.table import check_table, create_table
from registry.adapters.engine_calls import EngineThrottling
from tests.engines.tables import PATIENT, SESSION


class Counted:
    """A table in the engine, and what its calls consume."""

    def __init__(self, table: DynamoTable, url: str) -> None:
        self.table = table
        self._url = url

    async def units(self) -> tuple[float, float]:
        """Read and write units since the last call."""
        async with httpx.AsyncClient(base_url=self._url) as client:
            found: dict[str, Any] = (await client.get("/")).json()
            await client.delete("/")
        return sum(found["read"].values()), sum(found["write"].values())


async def _open(most_per_key: float = 0.0) -> AsyncIterator[Counted]:
    server = await serve(0, most_per_key=most_per_key)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with open_table("t", endpoint_url=url, session=SESSION, limits=PATIENT) as table:
            await create_table(table)
            assert await check_table(table) == []
            counted = Counted(table, url)
            await counted.units()
            yield counted
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    async for each in _open():
        yield each


@pytest.fixture
async def narrow() -> AsyncIterator[Counted]:
    async for each in _open(most_per_key=50.0):
        yield each


def item(sk: str, size: int, **more: Any) -> keys.Item:
    """An item of `size` bytes and what `more` has."""
    made: keys.Item = {**keys.key("p", sk), "body": {"B": b""}}
    made["body"] = {"B": bytes(size - item_size({**made, "body": {"B": ""}}))}
    return {**made, **more}


async def put(table: DynamoTable, *items: keys.Item) -> None:
    await table.batch_write([{"PutRequest": {"Item": each}} for each in items])


def test_sizes_are_of_names_and_values() -> None:
    # "Amazon DynamoDB item sizes": names in UTF-8, numbers two digits to a byte and one, lists and maps three more.
    assert item_size({"Attr": {"S": "\u00fc"}}) == 6
    assert item_size({"n": {"N": "12345"}}) == 1 + 4
    assert item_size({"b": {"B": "AAAA"}}) == 1 + 3
    assert item_size({"f": {"BOOL": True}}) == 2
    assert item_size({"l": {"L": [{"S": "ab"}]}}) == 1 + 3 + 1 + 2


async def test_reads_count_four_kilobytes(counted: Counted) -> None:
    await put(counted.table, item("1", 4096), item("2", 4097))
    await counted.units()
    await counted.table.get(keys.key("p", "1"))
    assert await counted.units() == (1.0, 0.0)
    await counted.table.batch_get([keys.key("p", sk) for sk in ("1", "2", "absent")])
    assert await counted.units() == (1.0 + 2.0 + 1.0, 0.0)
    items, last = await counted.table.query("p")  # a query rounds once
    assert (len(items), last) == (2, True)
    assert await counted.units() == (3.0, 0.0)


async def test_writes_count_kilobytes_of_the_larger_one_and_twice_in_a_transaction(counted: Counted) -> None:
    table = counted.table
    await put(table, item("1", 1024), item("2", 1025))
    assert await counted.units() == (0.0, 3.0)
    await table.transact([table.put(item("3", 2048))])
    assert await counted.units() == (0.0, 4.0)
    await table.transact([table.delete(keys.key("p", "3"))])
    assert await counted.units() == (0.0, 4.0)
    with pytest.raises(ConditionFailed) as caught:
        await table.transact([table.put(item("1", 900), condition="attribute_not_exists(pk)")])
    assert set(caught.value.items) == {0}
    assert await counted.units() == (0.0, 2.0)


async def test_entries_of_an_index_are_paid_for_as_they_change(counted: Counted) -> None:
    shard, moved = ({"status_shard": {"S": name}, "id": {"S": "1"}} for name in ("active#1", "active#2"))
    await put(counted.table, item("1", 3000, **shard))  # the body is not in the index
    assert await counted.units() == (0.0, 3.0 + 1.0)
    await put(counted.table, item("1", 3000, **shard))
    assert await counted.units() == (0.0, 3.0)
    await put(counted.table, item("1", 3000, **moved))
    assert await counted.units() == (0.0, 3.0 + 2.0)
    assert len((await counted.table.query("active#2", index=True))[0]) == 1
    assert await counted.units() == (0.5, 0.0)


async def test_a_key_that_takes_too_much_is_throttled(narrow: Counted) -> None:
    async def put_for_ever() -> None:
        while True:
            await put(narrow.table, item("1", 100_000))

    with pytest.raises(EngineThrottling):
        await put_for_ever()
