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
