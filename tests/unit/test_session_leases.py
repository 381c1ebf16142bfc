"""Session leases: reads are spared, and a change still holds from the next request on, on every host."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.domain.accounts import Account, Permission, Session
from registry.domain.errors import LastAdmin, Unavailable
from registry.ports.packages import PackageDocument
from registry.ports.reading import DocumentForGrant, DocumentForSession
from registry.services.accounts.leases import (
    LeasedAccounts,
    LeasedApiTokens,
    LeasedMaintenance,
    LeasedReader,
    SessionLeases,
)

LEASE = 1.0
AT = datetime(2026, 11, 30, tzinfo=UTC)
ACCOUNT = Account("ada", "hash", frozenset({Permission.SEARCH}), "epoch", AT, "id")
SESSION = Session("ada", frozenset({Permission.SEARCH}), "epoch", revoked=False, account_id="id")


class Store:
    """One store for all hosts: sessions and grants that are there, and how often they were read."""

    def __init__(self) -> None:
        self.session: Session | None = SESSION
        self.grant: Any = object()
        self.reads = 0
        self.documents = 0
        self.error: Exception | None = None
        self.before_answer: list[asyncio.Event] = []

    def __getattr__(self, name: str) -> Any:
        """Every method that is not about sessions."""
        return object()

    async def find_session(self, _name: str, _token_id: str) -> Session | None:
        self.reads += 1
        found = self.session
        if self.before_answer:
            await self.before_answer.pop().wait()
        return found

    async def find_grant(self, _digest: str) -> Any:
        self.reads += 1
        return self.grant

    async def find_for_session(self, _package_id: str, *, user: str, token_id: str) -> DocumentForSession:
        return DocumentForSession(await self.find_session(user, token_id), None)

    async def find_for_grant(self, _package_id: str, *, digest: str) -> DocumentForGrant:
        return DocumentForGrant(await self.find_grant(digest), None)

    async def find_document(self, _package_id: str) -> PackageDocument | None:
        self.documents += 1
        return None

    async def _write(self) -> None:
        if self.error is not None:
            raise self.error
        self.session, self.grant = None, None

    async def replace(self, _account: Account, *, expected_revision: int) -> None:
        await self._write()

    async def remove(self, _which: object) -> None:
        await self._write()

    async def revoke_token(self, _token_id: str, *, expires_at: datetime) -> None:
        await self._write()

    async def reset(self, _admin: Account) -> None:
        await self._write()


class World:
    """Hosts with leases over one store, and the time that passes for all of them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.store = Store()
        self.hosts = [Host(self) for _ in range(2)]

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Host:
    def __init__(self, world: World) -> None:
        store: Any = world.store
        leases = SessionLeases(LEASE, monotonic=lambda: world.now, sleep=world.sleep)
        self.accounts = LeasedAccounts(store, leases)
        self.tokens = LeasedApiTokens(store, leases)
        self.reader = LeasedReader(store, store, leases)
        self.maintenance = LeasedMaintenance(store, leases)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_session_is_read_once_in_a_lease(world: World) -> None:
    here = world.hosts[0]
    for _ in range(3):
        assert await here.accounts.find_session("ada", "token") is SESSION
        assert (await here.reader.find_for_session("1", user="ada", token_id="token")).session is SESSION
        world.now += 0.3
    assert (world.store.reads, world.store.documents) == (1, 3)
    world.now += 0.2
    await here.accounts.find_session("ada", "token")
    await here.accounts.find_session("ada", "other")
    assert world.store.reads == 3


async def test_an_api_token_is_read_once_in_a_lease(world: World) -> None:
    here = world.hosts[0]
    found = (await here.reader.find_for_grant("1", digest="d")).grant
    assert await here.tokens.find_grant("d") is found
    assert (await here.reader.find_for_grant("1", digest="d")).grant is found
    assert (world.store.reads, world.store.documents) == (1, 1)


async def test_what_is_absent_is_looked_for_each_time(world: World) -> None:
    world.store.session = None
    for _ in range(2):
        assert await world.hosts[0].accounts.find_session("ada", "token") is None
    assert world.store.reads == 2


WRITES = {
    "replace": lambda host: host.accounts.replace(ACCOUNT, expected_revision=1),
    "remove": lambda host: host.accounts.remove("ada"),
    "revoke": lambda host: host.accounts.revoke_token("token", expires_at=AT),
    "remove a token": lambda host: host.tokens.remove(None),
    "reset": lambda host: host.maintenance.reset(ACCOUNT),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
async def test_once_a_write_has_answered_no_host_uses_what_was_before(world: World, write: Any) -> None:
    here, there = world.hosts
    for host in world.hosts:
        assert await host.accounts.find_session("ada", "token") is not None
        assert await host.tokens.find_grant("d") is not None
    began = world.now
    await write(here)
    assert world.now - began >= LEASE
    for host in (here, there):
        assert await host.accounts.find_session("ada", "token") is None
        assert await host.tokens.find_grant("d") is None
        assert (await host.reader.find_for_session("1", user="ada", token_id="token")).session is None


async def test_the_lease_counts_from_the_start_of_the_read(world: World) -> None:
    """A slow read on another host brings what was before the write, after it: no lease is left of it."""
    here, there = world.hosts
    world.store.before_answer = [asyncio.Event()]
    blocked = world.store.before_answer[0]
    reading = asyncio.create_task(there.accounts.find_session("ada", "token"))
    await asyncio.sleep(0)
    await here.accounts.remove("ada")
    blocked.set()
    assert await reading is not None  # the request itself began before the write had answered
    assert await there.accounts.find_session("ada", "token") is None


async def test_a_read_that_a_write_of_this_process_overtook_is_not_kept(world: World) -> None:
    here = world.hosts[0]
    blocked = asyncio.Event()
    world.store.before_answer = [blocked]
    reading = asyncio.create_task(here.accounts.find_session("ada", "token"))
    await asyncio.sleep(0)
    world.store.error = Unavailable("lost")
    with pytest.raises(Unavailable):
        await here.accounts.remove("ada")
    world.store.session = None
    blocked.set()
    await reading
    assert await here.accounts.find_session("ada", "token") is None


async def test_a_write_that_is_refused_answers_at_once(world: World) -> None:
    world.store.error, before = LastAdmin("ada"), world.now
    with pytest.raises(LastAdmin):
        await world.hosts[0].accounts.remove("ada")
    assert world.now == before


async def test_what_is_held_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.services.accounts.leases._MOST", 3)
    here = world.hosts[0]
    for number in (1, 2, 3, 4, 4, 1):
        await here.accounts.find_session("ada", f"token-{number}")
    assert world.store.reads == 5
