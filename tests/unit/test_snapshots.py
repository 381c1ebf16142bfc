"""A snapshot is one download, however many files, requests and processes it has."""

from dataclasses import dataclass, field

from registry.domain.accounts import Caller, Permission
from registry.ports.throttle import AttemptCount
from registry.services.hub.repositories import Revision
from registry.services.hub.snapshots import Snapshots
from registry.services.packages.retrieval import Retrieval, Servable
from tests.factories import make_content, make_package

ALICE = Caller("alice", frozenset({Permission.DOWNLOAD}), None, "account-1")
BOB = Caller("bob", frozenset({Permission.DOWNLOAD}), None, "account-2")
CONTENT = make_content()


async def no_rating() -> None:
    """Nothing here asks for one."""


REVISION = Revision(Servable(make_package(content=CONTENT), CONTENT), "0" * 40, None, no_rating)


@dataclass(slots=True)
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Counter:
    """Implements AttemptCounter with fixed windows, shared by all processes."""

    clock: Clock
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    async def hit(self, key: str, *, window_seconds: int) -> AttemptCount:
        ends_at, count = self.windows.get(key, (0.0, 0))
        if ends_at <= self.clock():
            ends_at, count = self.clock() + window_seconds, 0
        self.windows[key] = ends_at, count + 1
        return AttemptCount(count + 1, ends_at - self.clock())

    async def count(self, key: str) -> int:
        return self.windows.get(key, (0.0, 0))[1]

    async def refund(self, key: str, *, window_seconds: int) -> None:
        raise NotImplementedError


class Recorded(Retrieval):
    """Counts what is noted in the audit trail."""

    def __init__(self) -> None:
        self.users: list[str | None] = []

    def record_download(self, servable: Servable, caller: Caller, *, whole: bool) -> None:
        self.users.append(caller.user)


async def test_files_of_a_snapshot_are_noted_once_by_all_processes() -> None:
    clock, recorded = Clock(), Recorded()
    counter = Counter(clock)
    processes = [Snapshots(recorded, counter, monotonic=clock) for _ in range(3)]
    for number in range(300):
        clock.seconds += 1
        await processes[number % 3].record(REVISION, ALICE, address="192.0.2.1")
    assert recorded.users == ["alice"]


async def test_readers_and_addresses_are_noted_each() -> None:
    clock, recorded = Clock(), Recorded()
    snapshots = Snapshots(recorded, Counter(clock), monotonic=clock)
    for _ in range(2):
        for caller, address in ((ALICE, "192.0.2.1"), (ALICE, "192.0.2.2"), (BOB, "192.0.2.1")):
            await snapshots.record(REVISION, caller, address=address)
    assert recorded.users == ["alice", "alice", "bob"]


async def test_a_snapshot_ends_by_a_pause_and_after_an_hour() -> None:
    clock, recorded = Clock(), Recorded()
    snapshots = Snapshots(recorded, Counter(clock), monotonic=clock)
    await snapshots.record(REVISION, ALICE, address="192.0.2.1")
    clock.seconds += 601
    await snapshots.record(REVISION, ALICE, address="192.0.2.1")
    assert len(recorded.users) == 2
    for _ in range(70):
        clock.seconds += 60
        await snapshots.record(REVISION, ALICE, address="192.0.2.1")
    assert len(recorded.users) == 3
