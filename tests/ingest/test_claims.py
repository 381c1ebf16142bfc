"""Several processes and one package: it is fetched once, and by another when its process dies."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.domain.packages import PackageStatus
from tests.api.support import sha256_hex
from tests.factories import make_change
from tests.ingest.processes import LEASE_SECONDS, World, open_world, running

LEASE = timedelta(seconds=LEASE_SECONDS)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_two_processes_fetch_a_package_once(world: World) -> None:
    package = await world.pending()
    async with running(world.process()), running(world.process()) as _:
        await world.source.halfway.wait()
        third = world.process()
        third.start(package.id, package.created_by)
        async with running(third):
            world.source.go.set()
            found = await world.settled(package)
    assert world.source.opened == 1
    assert found.status is PackageStatus.ACTIVE
    assert found.content is not None
    assert found.content.sha256 == sha256_hex(world.source.content)
    assert await world.stored_keys() == [found.content.blob_key]


async def test_a_claim_tells_who_and_how_far(world: World) -> None:
    package = await world.pending()
    async with running(world.process()):
        await world.source.halfway.wait()
        reason = (await world.packages.get(package.id)).status_reason or ""
    assert reason.startswith("being fetched since 2026-01-02T03:04:05Z by ")
    assert reason.endswith(", 0.0 MB so far")


async def test_a_dead_process_is_followed_once_its_lease_is_over(world: World) -> None:
    package = await world.pending()
    dead = world.leases()
    taken = await dead.take(package.id)
    assert taken is not None
    assert await world.leases().take(package.id) is None
    world.clock.advance(LEASE - timedelta(milliseconds=1))
    assert await world.leases().take(package.id) is None
    world.clock.advance(timedelta(milliseconds=1))
    world.source.go.set()
    async with running(world.process()):
        found = await world.settled(package)
    # It was only slow, not dead: it is too late for its outcome.
    lease, _ = taken
    assert not await dead.finish(lease, lambda it: replace(it, status=PackageStatus.FAILED))
    assert lease.lost
    assert await world.packages.get(package.id) == found
    assert found.status is PackageStatus.ACTIVE


async def test_a_lease_is_renewed_while_bytes_come(world: World) -> None:
    package = await world.pending()
    async with running(world.process(lease_seconds=0.03)):
        await world.source.halfway.wait()
        before = (await world.packages.get(package.id)).revision
        while (await world.packages.get(package.id)).revision < before + 3:
            world.clock.advance(timedelta(milliseconds=1))
            await asyncio.sleep(0.005)
        world.source.go.set()
        assert (await world.settled(package)).status is PackageStatus.ACTIVE
    assert world.source.opened == 1


async def test_a_process_that_stops_hands_over_at_once(world: World) -> None:
    package = await world.pending()
    async with running(world.process()):
        await world.source.halfway.wait()
    released = await world.packages.get(package.id)
    assert (released.status, released.status_reason) == (PackageStatus.PENDING, None)
    assert await world.stored_keys() == []
    world.source.go.set()
    async with running(world.process()):
        assert (await world.settled(package)).status is PackageStatus.ACTIVE


async def test_a_package_deleted_meanwhile_leaves_nothing(world: World) -> None:
    package = await world.pending()
    process = world.process()
    async with running(process):
        await world.source.halfway.wait()
        assert process.depth == 1
        claimed = await world.packages.get(package.id)
        await world.packages.remove(package.id, make_change(package.id), expected_revision=claimed.revision)
        world.source.go.set()
        while process.depth:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.005)
    assert await world.stored_keys() == []


async def test_another_source_url_is_fetched_instead(world: World) -> None:
    package = await world.pending()
    async with running(world.process()) as _:
        await world.source.halfway.wait()
        claimed = await world.packages.get(package.id)
        elsewhere = replace(claimed, source_url="https://example.org/other.bin", revision=claimed.revision + 1)
        await world.packages.replace(elsewhere, make_change(package.id), expected_revision=claimed.revision)
        world.source.go.set()
        while await world.stored_keys():  # noqa: ASYNC110 - nor have files
            await asyncio.sleep(0.005)
    assert await world.packages.get(package.id) == elsewhere


async def test_a_package_is_given_up_after_a_day(world: World) -> None:
    package = await world.pending()
    world.clock.advance(timedelta(days=1, seconds=1))
    async with running(world.process()):
        found = await world.settled(package)
    assert (found.status, found.status_reason) == (PackageStatus.FAILED, "it could not be fetched within a day")
    assert world.source.opened == 0
