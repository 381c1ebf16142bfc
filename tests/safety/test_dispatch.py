"""Whose content is scanned next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registry.ports.verdicts import DueRequest, ScanRequestStore
from registry.services.maintenance.background import beside
from registry.services.safety.dispatch import PerUser, ScanDispatch, ScanHints
from tests.factories import ManualClock


class Requests:
    """Stands in for `ScanRequestStore`: what is due, in its order."""

    def __init__(self, *due: tuple[str, str]) -> None:
        self.due = [DueRequest(*each) for each in due]

    async def list_due(self, _now: object, *, limit: int) -> list[DueRequest]:
        return self.due[:limit]


class Work:
    """Implements `RequestWork`: each package is under way until the test lets it end."""

    def __init__(self) -> None:
        self.ends: dict[str, asyncio.Event] = {}
        self.put_off_: list[str] = []
        self.requests: Requests | None = None

    async def perform(self, package_id: str) -> None:
        self.ends[package_id] = asyncio.Event()
        await self.ends[package_id].wait()
        if package_id == "broken":
            raise ZeroDivisionError
        if self.requests is not None:
            self.requests.due = [each for each in self.requests.due if each.package_id != package_id]
        del self.ends[package_id]

    async def put_off(self, package_id: str, *, seconds: float) -> None:
        assert seconds > 0
        self.put_off_.append(package_id)

    async def under_way(self, *package_ids: str) -> None:
        """Return once exactly these are under way."""
        async with asyncio.timeout(5):
            while set(self.ends) != set(package_ids):  # noqa: ASYNC110 - the work sets no event
                await asyncio.sleep(0.005)


class Jobs:
    """Implements `JobQueue`: begins at once."""

    def __init__(self, dispatch: ScanDispatch, tasks: asyncio.TaskGroup) -> None:
        self._dispatch, self._tasks = dispatch, tasks

    async def put(self, package_id: str, *, user: str) -> None:
        self._tasks.create_task(self._dispatch.perform(package_id))


@asynccontextmanager
async def dispatched(requests: Requests, work: Work, *, places: int) -> AsyncIterator[ScanHints]:
    from typing import cast

    hints = ScanHints()
    dispatch = ScanDispatch(
        cast("ScanRequestStore", requests), work, hints, clock=ManualClock(), places=places, look_seconds=0.01
    )
    work.requests = requests
    async with asyncio.TaskGroup() as tasks:
        async with beside(dispatch.run(Jobs(dispatch, tasks))):
            yield hints
        for end in work.ends.values():
            end.set()


async def test_one_user_s_slow_contents_leave_a_place_for_others() -> None:
    requests, work = Requests(("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("a4", "ann")), Work()
    async with dispatched(requests, work, places=3) as hints:
        await work.under_way("a1", "a2")
        hints.add("b1", "bob")
        await work.under_way("a1", "a2", "b1")
        work.ends["b1"].set()
        await work.under_way("a1", "a2")
        work.ends["a1"].set()
        await work.under_way("a2", "a3")


async def test_who_has_the_fewest_under_way_comes_first() -> None:
    work = Work()
    async with dispatched(Requests(("a1", "ann")), work, places=3) as hints:
        await work.under_way("a1")
        hints.add("a2", "ann")
        await work.under_way("a1", "a2")
        hints.add("b1", "bob")
        await work.under_way("a1", "a2", "b1")
        for package_id, user in (("b2", "bob"), ("c1", "cleo")):
            hints.add(package_id, user)
        work.ends["a1"].set()
        await work.under_way("a2", "b1", "c1")


async def test_a_hint_that_has_to_wait_wakes_nobody() -> None:
    work = Work()
    async with dispatched(Requests(("a1", "ann")), work, places=2) as hints:
        await work.under_way("a1")
        hints.add("a2", "ann")
        assert not hints.wake.is_set()
        hints.add("b1", "bob")
        assert hints.wake.is_set()
        await work.under_way("a1", "b1")
        work.ends["a1"].set()
        await work.under_way("b1", "a2")


async def test_a_process_with_one_place_scans_for_everybody() -> None:
    work = Work()
    async with dispatched(Requests(("a1", "ann"), ("b1", "bob")), work, places=1):
        await work.under_way("a1")
        work.ends["a1"].set()
        await work.under_way("b1")


async def test_work_that_breaks_is_put_off_and_frees_its_place() -> None:
    requests, work = Requests(("broken", "ann")), Work()
    async with dispatched(requests, work, places=1) as hints:
        await work.under_way("broken")
        hints.add("b1", "bob")
        work.ends.pop("broken").set()
        await work.under_way("b1")
    assert work.put_off_ == ["broken"]


async def test_hints_are_for_processes_that_scan() -> None:
    hints = ScanHints()
    hints.add("a1", "ann")
    assert not hints.waiting


def test_waiting_packages_are_grouped_by_who_asked() -> None:
    waiting = PerUser()
    for package_id, user in (("a1", "ann"), ("a2", "ann"), ("b1", "bob"), ("a1", "ann")):
        waiting.add(package_id, user)
    assert (len(waiting), list(waiting.packages)) == (3, ["ann", "bob"])
    waiting.add("a2", "bob")
    assert [list(each) for each in waiting.packages.values()] == [["a1"], ["b1", "a2"]]
    assert [waiting.pop(each) for each in ("a1", "a2", "b1", "b1")] == ["ann", "bob", "bob", None]
    assert not waiting
    assert not waiting.packages
