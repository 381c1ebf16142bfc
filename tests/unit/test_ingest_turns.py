"""Who fetches next."""

import asyncio

import pytest

from registry.services.ingest.turns import Turn, Turns


async def now(turns: Turns) -> Turn | None:
    """The turn that may begin now, None where all have to wait."""
    try:
        async with asyncio.timeout(0.01):
            return await turns.next()
    except TimeoutError:
        return None


async def begun(turns: Turns, count: int) -> list[str]:
    found = [await now(turns) for _ in range(count)]
    return [turn.package_id for turn in found if turn]


async def test_users_take_turns_whoever_asked_for_more() -> None:
    turns = Turns(total=6, per_user=6)
    for number in range(5):
        turns.ask("ann", f"a{number}")
    turns.ask("bob", "b0")
    turns.ask("carl", "c0")
    assert await begun(turns, 7) == ["a0", "b0", "c0", "a1", "a2", "a3"]


async def test_one_user_never_has_more_than_a_share() -> None:
    turns = Turns(total=4, per_user=2)
    for number in range(5):
        turns.ask("ann", f"a{number}")
    first = await now(turns)
    assert first is not None
    assert await begun(turns, 3) == ["a1"]
    first.end()
    first.end()
    assert await begun(turns, 2) == ["a2"]


async def test_who_rests_lets_others_fetch_and_goes_on_before_what_is_new() -> None:
    turns = Turns(total=1, per_user=1)
    turns.ask("ann", "a0")
    resting, over = await now(turns), asyncio.Event()
    assert resting is not None

    async def wait() -> None:
        await over.wait()

    rest = asyncio.create_task(resting.rest(wait()))
    await asyncio.sleep(0)
    turns.ask("bob", "b0")
    turns.ask("bob", "b1")
    other = await now(turns)
    assert other is not None
    over.set()
    await asyncio.sleep(0)
    assert not rest.done()
    other.end()
    assert await now(turns) is None
    assert rest.done()
    resting.end()
    assert await begun(turns, 1) == ["b1"]


async def test_who_is_cancelled_while_resting_holds_nothing() -> None:
    turns = Turns(total=1, per_user=1)
    turns.ask("ann", "a0")
    resting = await now(turns)
    assert resting is not None
    rest = asyncio.create_task(resting.rest(asyncio.sleep(60)))
    await asyncio.sleep(0)
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest
    resting.end()
    turns.ask("bob", "b0")
    assert await begun(turns, 1) == ["b0"]
