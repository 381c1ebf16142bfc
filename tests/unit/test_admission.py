"""Memory for bodies: held as bytes come, given in order, and taken from those that come slowly while others wait."""

import asyncio

import pytest

from registry.domain.errors import Unavailable
from registry.services.uploads import admission
from registry.services.uploads.admission import Admission, Hold

MIB = 1024 * 1024


async def silent() -> bytes:
    await asyncio.get_running_loop().create_future()
    return b""


async def test_nothing_is_held_before_bytes_flow() -> None:
    given = Admission(total_bytes=4 * MIB, wait_seconds=0.01)
    with given.hold(4 * MIB) as first, given.hold(4 * MIB) as second:
        await first.came(64 * 1024)
        assert first.taken == 0
        await first.came(1)
        await second.came(100_000)
        assert first.taken == second.taken == MIB
        with pytest.raises(Unavailable):
            await first.came(2 * MIB)
    with given.hold(4 * MIB) as third:
        await third.came(2 * MIB)
        assert third.taken == 4 * MIB


async def test_bodies_that_both_need_more_do_not_wait_for_ever() -> None:
    given = Admission(total_bytes=4 * MIB, wait_seconds=60)

    async def body() -> None:
        with given.hold(4 * MIB) as hold:
            for _ in range(30):
                await hold.came(100_000)
                await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await asyncio.gather(*(body() for _ in range(8)))


async def test_a_silent_body_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_SLOW_SECONDS", 0.05)
    given = Admission(total_bytes=4 * MIB, wait_seconds=60)

    async def slow(hold: Hold) -> None:
        with hold:
            await hold.came(2 * MIB // 1024)
            await hold.came(100_000)
            await hold.coming(silent())

    stalled = asyncio.create_task(slow(given.hold(MIB)))
    await asyncio.sleep(0)
    with given.hold(4 * MIB) as fast:
        await fast.came(2 * MIB)
        assert fast.taken == 4 * MIB
    with pytest.raises(Unavailable, match="slowly"):
        await stalled


async def test_a_cancelled_wait_leaves_no_trace() -> None:
    given = Admission(total_bytes=MIB, wait_seconds=60)
    with given.hold(MIB) as first:
        await first.came(100_000)
        waiting = asyncio.create_task(given.hold(MIB).came(100_000))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    with given.hold(MIB) as last:
        await last.came(100_000)


async def test_a_long_line_is_refused_at_once() -> None:
    given = Admission(total_bytes=MIB, wait_seconds=60)
    with given.hold(MIB) as first:
        await first.came(100_000)
        waiting = [asyncio.create_task(given.hold(MIB).came(100_000)) for _ in range(128)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await given.hold(MIB).came(100_000)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
