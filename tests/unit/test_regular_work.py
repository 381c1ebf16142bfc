"""Work that one process of all does: leases of holders that die, pause, or lose the store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from registry.adapters.system.ids import UuidSource
from registry.domain.errors import Unavailable
from registry.ports.maintenance import UpgradeStore
from registry.services.maintenance.leases import RegularWork
from tests.conformance.test_sqlite import SqliteBackend

HOUR = timedelta(hours=1)


class World:
    """Two processes on one store. A lease lasts a minute of the clock; it is renewed each millisecond of real time."""

    def __init__(self, backend: SqliteBackend, one: UpgradeStore, other: UpgradeStore) -> None:
        self.clock = backend.clock
        self.store = Store(one)
        self.one, self.other = (self._process(store) for store in (self.store, other))

    def _process(self, store: UpgradeStore) -> RegularWork:
        work = RegularWork(store, clock=self.clock, ids=UuidSource(), lease_seconds=60)
        work.renew_seconds = 0.001
        return work


class Store:
    """An `UpgradeStore` that can be away, and says when it was called."""

    def __init__(self, port: UpgradeStore) -> None:
        self._port = port
        self.away = False
        self.called = asyncio.Event()

    async def find(self, name: str) -> str | None:
        self._call()
        return await self._port.find(name)

    async def swap(self, name: str, state: str, *, expected: str | None) -> bool:
        self._call()
        return await self._port.swap(name, state, expected=expected)

    def _call(self) -> None:
        self.called.set()
        if self.away:
            raise Unavailable("away")


class Work:
    """Work that can be held in its middle."""

    def __init__(self, result: str = "done") -> None:
        self.result = result
        self.notes: list[str] = []
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, note: str) -> str:
        self.notes.append(note)
        self.began.set()
        await self.go_on.wait()
        return self.result


def returning(result: str) -> Callable[[str], Awaitable[str]]:
    work = Work(result)
    work.go_on.set()
    return work


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    backend = SqliteBackend(tmp_path)
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(backend.open()) for _ in range(2)]
        yield World(backend, one.upgrades, other.upgrades)


async def test_one_of_all_does_it_when_it_is_due_and_gets_what_the_last_one_wrote(world: World) -> None:
    first, second = Work("a b"), Work()
    first.go_on.set()
    second.go_on.set()
    assert await world.one.do("x", first, every=HOUR)
    assert not await world.other.do("x", second, every=HOUR)
    assert await world.other.do("y", returning(""), every=HOUR), "another work"
    world.clock.advance(HOUR)
    assert await world.other.do("x", second, every=HOUR)
    assert (first.notes, second.notes) == ([""], ["a b"])
    assert await world.one.find_note("x") == "done"


async def test_what_takes_longer_than_a_lease_is_renewed(world: World) -> None:
    work = Work()
    doing = asyncio.create_task(world.one.do("x", work, every=HOUR))
    await work.began.wait()
    for _ in range(3):
        world.clock.advance(timedelta(seconds=50))
        for _ in range(2):  # the first of them may have begun before the clock went on
            world.store.called.clear()
            await world.store.called.wait()
        assert not await world.other.do("x", returning("other"), every=HOUR)
    work.go_on.set()
    assert await doing
    assert await world.other.find_note("x") == "done"


async def test_the_work_of_a_process_that_was_killed_is_due_when_its_lease_ends(world: World) -> None:
    work = Work()
    doing = asyncio.create_task(world.one.do("x", work, every=HOUR))
    await work.began.wait()
    doing.cancel()
    await asyncio.wait([doing])
    assert not await world.other.do("x", returning("other"), every=HOUR)
    world.clock.advance(timedelta(seconds=60))
    assert await world.other.do("x", returning("other"), every=HOUR)


async def test_a_process_that_was_paused_stops_and_writes_nothing_down(world: World) -> None:
    world.one.renew_seconds = 3600  # as if it stood still
    work = Work("of the paused")
    doing = asyncio.create_task(world.one.do("x", work, every=HOUR))
    await work.began.wait()
    world.clock.advance(timedelta(seconds=61))
    assert await world.other.do("x", returning("of its successor"), every=HOUR)
    work.go_on.set()
    assert not await doing
    assert await world.other.find_note("x") == "of its successor"


async def test_a_lease_that_was_lost_ends_the_work(world: World) -> None:
    work = Work()
    doing = asyncio.create_task(world.one.do("x", work, every=HOUR))
    await work.began.wait()
    world.store.away = True
    world.store.called.clear()
    await world.store.called.wait()  # what was under way has ended
    world.clock.advance(timedelta(seconds=61))
    assert await world.other.do("x", returning("other"), every=HOUR)
    assert not await doing
    world.store.away = False
    assert await world.one.find_note("x") == "other"


async def test_a_store_that_is_away_for_a_moment_costs_no_lease(world: World) -> None:
    work = Work()
    doing = asyncio.create_task(world.one.do("x", work, every=HOUR))
    await work.began.wait()
    world.store.away = True
    world.store.called.clear()
    await world.store.called.wait()
    world.store.away = False
    work.go_on.set()
    assert await doing


async def test_work_that_fails_is_due_when_its_lease_ends(world: World) -> None:
    async def fail(_note: str) -> str:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await world.one.do("x", fail, every=HOUR)
    world.clock.advance(timedelta(seconds=60))
    assert await world.other.do("x", returning(""), every=HOUR)
