"""Requests begin a few to a turn of the event loop, in the order they came."""

import asyncio

from registry.wire.request_scheduler import RequestScheduler


class Begun:
    """Callers that wait for their turn, and who has begun in which turn of the loop."""

    def __init__(self, turns: RequestScheduler) -> None:
        self._turns = turns
        self.now: list[int] = []

    async def __call__(self, number: int) -> None:
        await self._turns.begin()
        self.now.append(number)


async def by_turn(begun: Begun, *, turns: int) -> list[list[int]]:
    found = []
    for _ in range(turns):
        begun.now = []
        await asyncio.sleep(0)
        found.append(begun.now)
    return found


async def test_few_begin_in_a_turn_in_the_order_they_came() -> None:
    begun = Begun(RequestScheduler(most=2))
    callers = [asyncio.create_task(begun(number)) for number in range(5)]
    found = [numbers for numbers in await by_turn(begun, turns=9) if numbers]
    assert found == [[0, 1], [2, 3], [4]]
    await asyncio.gather(*callers)


async def test_who_comes_later_does_not_pass_who_waits() -> None:
    begun = Begun(RequestScheduler(most=1))
    callers = [asyncio.create_task(begun(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert begun.now == [0]
    callers.append(asyncio.create_task(begun(3)))
    await asyncio.gather(*callers)
    assert begun.now == [0, 1, 2, 3]


async def test_who_has_left_takes_no_turn() -> None:
    begun = Begun(RequestScheduler(most=1))
    callers = [asyncio.create_task(begun(number)) for number in range(4)]
    await asyncio.sleep(0)
    for left in callers[1:3]:
        left.cancel()
    found = [numbers for numbers in await by_turn(begun, turns=5) if numbers]
    assert found == [[3]]
    await asyncio.gather(*callers, return_exceptions=True)


async def test_a_lone_request_begins_at_once() -> None:
    begun = Begun(RequestScheduler(most=1))
    for number in range(3):
        alone = asyncio.create_task(begun(number))
        await asyncio.sleep(0)
        assert alone.done()
        await asyncio.sleep(0)  # the turn ends
