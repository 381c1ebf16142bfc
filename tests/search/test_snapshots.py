"""A new host takes the snapshot of another one's index, where it is what it should be."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.search.copies import SearchFileCopies
from registry.adapters.search.index import LocalSearchIndex
from registry.adapters.system.ids import UuidSource
from registry.domain.packages import PackageStatus
from registry.domain.search import RegexQuery, SearchScope
from registry.domain.visibility import Viewer
from registry.services.maintenance.leases import RegularWork
from registry.services.search import snapshots as module
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from registry.services.search.snapshots import IndexSnapshots, Snapshot
from tests.conformance.test_sqlite import SqliteBackend
from tests.search.engines import Engine
from tests.search.records import Records, make_package, package_id

DAY = timedelta(days=1)
WORK = "search-snapshot"


class World:
    """Records, a blob store, and hosts that come and go. Each host is one process."""

    def __init__(self, folder: Path, backend: SqliteBackend, regular: RegularWork) -> None:
        self.folder = folder
        self.clock = backend.clock
        self.regular = regular
        self.records = Records()
        self.blobs = FilesystemBlobStore.open(folder / "blobs")

    @asynccontextmanager
    async def host(self, name: str, *, version: int | None = None) -> AsyncIterator[tuple[Engine, IndexSnapshots]]:
        path = self.folder / name / "search.db"
        index, copies = LocalSearchIndex(path), SearchFileCopies(path)
        if version is not None:
            copies.version = version
        snapshots = IndexSnapshots(
            copies, self.records, self.blobs, self.regular, every=DAY, is_ready=lambda: index.state().ready
        )
        follower = IndexFollower(self.records, self.records, index)
        try:
            await snapshots.restore()
            await index.open()
            await follower.catch_up()
            service = SearchService(index, self.records, follower, self.records)
            yield Engine(self.records, index, follower, service), snapshots
        finally:
            await index.close()
            copies.close()

    async def snapshot(self) -> Snapshot:
        found = Snapshot.read(await self.regular.find_note(WORK))
        assert found is not None
        return found

    async def stored(self) -> list[str]:
        return [blob.key async for blob in self.blobs.list_blobs()]

    def blob_path(self, snapshot: Snapshot) -> Path:
        return self.folder / "blobs" / snapshot.blob_key[:2] / snapshot.blob_key


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 10_000)  # several ranges
    backend = SqliteBackend(tmp_path)
    async with AsyncExitStack() as stack:
        records = await stack.enter_async_context(backend.open())
        world = World(tmp_path, backend, RegularWork(records.upgrades, clock=backend.clock, ids=UuidSource()))
        stack.callback(world.blobs.close)
        world.records.put(*(make_package(number, f"bert-{number}", readme=f"a model {number}") for number in range(40)))
        async with world.host("one") as (_, snapshots):
            assert await snapshots.make_if_due()
        yield world


def events(logs: Sequence[Mapping[str, object]]) -> list[object]:
    return [entry["event"] for entry in logs if str(entry["event"]).startswith("search_")]


async def names(engine: Engine) -> list[str]:
    return sorted(await engine.found(RegexQuery("model")))


async def test_a_new_host_follows_the_changes_from_the_snapshot_on(world: World) -> None:
    world.records.put(make_package(50, "gpt", readme="a new model"), make_package(3, "bert-3", readme="changed"))
    world.records.remove(package_id(4))
    world.records.batches = 0
    with capture_logs() as logs:
        async with world.host("other") as (engine, _):
            assert world.records.batches == 1, "the changes alone were read from the records"
            assert len(await names(engine)) == 39
            assert await engine.found(RegexQuery("changed")) == ["bert-3"]
            assert await engine.found(RegexQuery("gpt")) == ["gpt"]
    assert events(logs) == ["search_snapshot_taken"]
    assert sorted(path.name for path in (world.folder / "other").iterdir()) == ["search.db", "search.db.lock"]


async def test_a_host_with_an_index_of_its_own_goes_on_with_that(world: World) -> None:
    with capture_logs() as logs:
        async with world.host("one") as (engine, _):
            assert len(await names(engine)) == 40
    assert events(logs) == []


async def test_an_index_that_cannot_go_on_is_replaced(world: World) -> None:
    world.records.reset()
    world.records.put(make_package(1, "new", readme="a new model"))
    async with world.host("two") as (engine, snapshots):
        world.clock.advance(DAY)
        assert await snapshots.make_if_due()
        assert await names(engine) == ["new"]
    with capture_logs() as logs:
        async with world.host("one") as (engine, _):
            assert await names(engine) == ["new"]
    assert events(logs) == ["search_snapshot_taken"]


@pytest.mark.parametrize("damage", ["a byte", "the end", "everything", "no index"])
async def test_a_damaged_snapshot_is_refused_and_the_index_filled(world: World, damage: str) -> None:
    path = world.blob_path(await world.snapshot())
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.chmod(0o600)
    if damage == "a byte":
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "the end":
        path.write_bytes(whole[:middle])
    elif damage == "everything":
        path.unlink()
    else:
        stored = await world.blobs.put(_once(b"no index" * 10_000))
        noted = replace(await world.snapshot(), blob_key=stored.key, size=stored.size, sha256=stored.sha256)
        world.clock.advance(DAY)
        assert await world.regular.do(WORK, lambda _: _returning(str(noted)), every=DAY)
    with capture_logs() as logs:
        async with world.host("other") as (engine, _):
            assert len(await names(engine)) == 40
    refused = "search_snapshot_not_taken" if damage == "everything" else "search_snapshot_damaged"
    assert events(logs) == [refused, "search_index_filling"]
    assert sorted(path.name for path in (world.folder / "other").iterdir()) == ["search.db", "search.db.lock"]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _returning(note: str) -> str:
    return note


async def test_one_of_another_version_is_refused_and_a_newer_one_is_not_replaced(world: World) -> None:
    before = await world.snapshot()
    with capture_logs() as logs:
        async with world.host("other", version=before.version - 1) as (engine, snapshots):
            assert len(await names(engine)) == 40
            world.clock.advance(DAY)
            assert not await snapshots.make_if_due()
    assert events(logs) == ["search_snapshot_of_another_version", "search_index_filling"]
    assert await world.snapshot() == before
    async with world.host("newer", version=before.version + 1) as (_, snapshots):
        world.clock.advance(DAY)
        assert await snapshots.make_if_due()
    assert (await world.snapshot()).version == before.version + 1
    assert await world.stored() == [(await world.snapshot()).blob_key]


async def test_one_process_makes_it_when_it_is_due_and_the_one_before_goes(world: World) -> None:
    before = await world.snapshot()
    async with world.host("other") as (_, one), world.host("third") as (_, other):
        assert not await one.make_if_due()
        world.clock.advance(DAY)
        assert sorted(await asyncio.gather(one.make_if_due(), other.make_if_due())) == [False, True]
    now = await world.snapshot()
    assert now.blob_key != before.blob_key
    assert await world.stored() == [now.blob_key]


async def test_a_process_that_has_lost_its_lease_names_nothing(world: World) -> None:
    async with world.host("other") as (_, slow), world.host("third") as (_, quick):
        world.clock.advance(DAY)
        began, go_on = asyncio.Event(), asyncio.Event()
        put = world.blobs.put

        async def put_slowly(source: AsyncIterator[bytes]) -> object:
            stored = await put(source)
            began.set()
            await go_on.wait()
            return stored

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(world.blobs, "put", put_slowly)
            making = asyncio.create_task(slow.make_if_due())
            await began.wait()
        world.clock.advance(timedelta(minutes=2))
        assert await quick.make_if_due()
        made = await world.snapshot()
        go_on.set()
        assert not await making
    assert await world.snapshot() == made
    assert made.blob_key in await world.stored()


async def test_the_processes_of_a_host_wait_for_the_one_that_takes_it_in(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    first, second, third = (SearchFileCopies(path) for _ in range(3))
    try:
        assert await first.enter()
        waiting = asyncio.create_task(second.enter())
        await asyncio.sleep(0)
        await first.open_for_others()
        assert not await waiting, "it is not alone, so it does not replace the file"
        first.close()
        second.close()
        assert await third.enter()
    finally:
        for each in (first, second, third):
            each.close()


async def test_what_a_caller_may_not_see_stays_hidden(world: World) -> None:
    hidden = make_package(60, "secret", readme="a secret", status=PackageStatus.QUARANTINED)
    world.records.put(hidden)
    async with world.host("two") as (_, snapshots):
        world.clock.advance(DAY)
        assert await snapshots.make_if_due()
    async with world.host("other") as (engine, _):
        query = RegexQuery("secret")
        for viewer, found in (("bob", []), ("alice", ["secret"])):
            assert await engine.found(replace(query, scope=SearchScope(viewer=Viewer(viewer)))) == found


async def test_names_the_blob_that_the_sweep_leaves_and_a_reset_removes(world: World) -> None:
    async with world.host("other") as (_, snapshots):
        assert list(await snapshots.blob_keys()) == await world.stored()
