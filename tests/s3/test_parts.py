import asyncio
import base64
import hashlib

import pytest

from registry.adapters.s3.budget import ByteBudget
from registry.adapters.s3.parts import FIRST_PART_BYTES, MAX_OBJECT_BYTES, MAX_PARTS, Part, part_bytes

GIB = 1024**3
S3_MIN_PART_BYTES = 5 * 1024**2
S3_MAX_PART_BYTES = 5 * GIB


def test_parts_reach_the_largest_object() -> None:
    sizes = [part_bytes(number) for number in range(1, MAX_PARTS + 1)]
    assert sum(sizes) >= MAX_OBJECT_BYTES
    assert sizes == sorted(sizes)
    assert S3_MIN_PART_BYTES <= sizes[0] <= sizes[-1] <= S3_MAX_PART_BYTES


@pytest.mark.parametrize(("object_gib", "part_mib"), [(7, 8), (23, 16), (50, 32), (100, 64)])
def test_parts_are_small_for_the_usual(object_gib: int, part_mib: int) -> None:
    number, total = 1, part_bytes(1)
    while total < object_gib * GIB:
        number += 1
        total += part_bytes(number)
    assert part_bytes(number) == part_mib * 1024**2


def test_part_takes_what_has_room_and_knows_its_digest() -> None:
    part = Part(1)
    assert part.take(memoryview(b"head")) == 4
    assert part.take(memoryview(bytes(FIRST_PART_BYTES))) == FIRST_PART_BYTES - 4
    assert part.is_full
    assert part.take(memoryview(b"more")) == 0
    whole = hashlib.sha256(b"before")
    body = b"head" + bytes(FIRST_PART_BYTES - 4)
    assert base64.b64decode(part.digest(whole)) == hashlib.sha256(body).digest()
    assert whole.digest() == hashlib.sha256(b"before" + body).digest()
    assert part.body().read() == part.body().read() == body


async def start(budget: ByteBudget, count: int) -> asyncio.Task[None]:
    """A task that has asked for `count` bytes."""
    task = asyncio.create_task(budget.acquire(count))
    await asyncio.sleep(0)
    return task


async def test_budget_is_given_out_in_the_order_of_asking() -> None:
    budget = ByteBudget(10)
    await budget.acquire(8)
    large, small = await start(budget, 9), await start(budget, 1)
    assert not large.done()
    assert not small.done(), "a small one that overtakes lets the large one starve"
    budget.release(8)
    await asyncio.gather(large, small)
    assert budget.free == 0


async def test_budget_survives_cancelled_askers() -> None:
    budget = ByteBudget(10)
    await budget.acquire(10)
    waiting, granted, last = [await start(budget, 10) for _ in range(3)]
    waiting.cancel()
    await asyncio.wait([waiting])
    budget.release(10)
    granted.cancel()  # it has its bytes, but has not run since
    await asyncio.wait([granted])
    await asyncio.wait_for(last, 1)
    assert budget.free == 0
    budget.release(10)
    assert budget.free == budget.capacity
