"""Loops beside the requests."""

import asyncio

import pytest

from registry.services.maintenance import background


async def test_a_broken_loop_begins_again_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_RESTART_SECONDS", 0.0)
    begun: list[str] = []
    enough = asyncio.Event()

    async def broken() -> None:
        begun.append("broken")
        if len(begun) >= 4:
            enough.set()
        raise ValueError("a defect")

    async def steady() -> None:
        begun.append("steady")
        await asyncio.Event().wait()

    running = asyncio.create_task(background.run_loops({"broken": broken, "steady": steady}))
    async with asyncio.timeout(5):
        await enough.wait()
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert begun.count("steady") == 1


async def test_who_is_cancelled_while_the_work_ends_is_cancelled() -> None:
    ending, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    async def caller() -> str:
        async with background.beside(work()):
            await asyncio.sleep(0)
        return "went on"

    task = asyncio.create_task(caller())
    await ending.wait()
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_error_of_the_work_is_raised_when_the_block_ends() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        async with background.beside(work()):
            await asyncio.sleep(0.01)
