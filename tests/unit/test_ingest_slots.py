"""Who fetches next."""

import asyncio

import pytest

from registry.services.ingest.slots import FairSlots, Slot


async def now(slots: FairSlots) -> Slot | None:
    """The slot that may begin now, None where all have to wait."""
    try:
        async with asyncio.timeout(0.01):
            return await slots.next()
    except TimeoutError:
        return None


async def begun(slots: FairSlots, count: int) -> list[str]:
    found = [await now(slots) for _ in range(count)]
    return [slot.package_id for slot in found if slot]


async def test_users_take_turns_whoever_asked_for_more() -> None:
    slots = FairSlots(total=6, per_user=6)
    for number in range(5):
        slots.ask("ann", f"a{number}")
    slots.ask("bob", "b0")
    slots.ask("carl", "c0")
    assert await begun(slots, 7) == ["a0", "b0", "c0", "a1", "a2", "a3"]


async def test_one_user_never_has_more_than_a_share() -> None:
    slots = FairSlots(total=4, per_user=2)
    for number in range(5):
        slots.ask("ann", f"a{number}")
    first = await now(slots)
    assert first is not None
    assert await begun(slots, 3) == ["a1"]
    first.end()
    first.end()
    assert await begun(slots, 2) == ["a2"]


async def test_who_rests_lets_others_fetch_and_goes_on_before_what_is_new() -> None:
    slots = FairSlots(total=1, per_user=1)
    slots.ask("ann", "a0")
    resting, over = await now(slots), asyncio.Event()
    assert resting is not None

    async def wait() -> None:
        await over.wait()

    rest = asyncio.create_task(resting.rest(wait()))
    await asyncio.sleep(0)
    slots.ask("bob", "b0")
    slots.ask("bob", "b1")
    other = await now(slots)
    assert other is not None
    over.set()
    await asyncio.sleep(0)
    assert not rest.done()
    other.end()
    assert await now(slots) is None
    assert rest.done()
    resting.end()
    assert await begun(slots, 1) == ["b1"]


async def test_who_is_cancelled_while_resting_holds_nothing() -> None:
    slots = FairSlots(total=1, per_user=1)
    slots.ask("ann", "a0")
    resting = await now(slots)
    assert resting is not None
    rest = asyncio.create_task(resting.rest(asyncio.sleep(60)))
    await asyncio.sleep(0)
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest
    resting.end()
    slots.ask("bob", "b0")
    assert await begun(slots, 1) == ["b0"]
