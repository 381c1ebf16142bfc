"""Applying verdicts to packages."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.packages import Package, PackageStatus
from registry.domain.safety import NotScanned, ScanReport
from registry.domain.verdicts import SafetyPolicy
from tests.factories import make_change, make_content, make_sha256
from tests.safety.conftest import DANGEROUS, World

UNREAD = ScanReport(not_scanned=(NotScanned("b.zip", "encrypted"),))


@pytest.mark.parametrize(
    ("report", "policy", "status"),
    [
        (DANGEROUS, SafetyPolicy(), PackageStatus.QUARANTINED),
        (UNREAD, SafetyPolicy(), PackageStatus.ACTIVE),
        (UNREAD, SafetyPolicy(refuse_unscanned=True), PackageStatus.QUARANTINED),
        (ScanReport(), SafetyPolicy(refuse_unscanned=True), PackageStatus.ACTIVE),
    ],
)
async def test_the_policy_decides(
    world: World, report: ScanReport, policy: SafetyPolicy, status: PackageStatus
) -> None:
    world.scanner.report, world.policy = report, policy
    package = await world.publish()
    await world.applying.perform(package.id)
    found = await world.read(package)
    assert found.status is status
    assert bool(found.status_reason) == (status is PackageStatus.QUARANTINED)
    assert world.judged == [(package.id, "ann")]


async def test_it_may_be_done_many_times_at_once(world: World) -> None:
    world.scanner.report = DANGEROUS
    package = await world.publish()
    await asyncio.gather(*(world.applying.perform(package.id) for _ in range(5)))
    world.clock.advance(timedelta(seconds=2))
    await world.applying.perform(package.id)
    assert (await world.read(package)).revision == 2
    assert world.judged == [(package.id, "ann")]


async def test_all_packages_with_the_content_get_one_scan(world: World) -> None:
    world.scanner.report = DANGEROUS
    sha256 = make_sha256()
    packages = [await world.publish(sha256) for _ in range(3)]
    for package in packages:
        await world.applying.perform(package.id)
        assert (await world.read(package)).status is PackageStatus.QUARANTINED
    assert world.scanner.scanned == [sha256]


async def test_content_that_was_replaced_during_its_scan_is_left_to_its_own_request(world: World) -> None:
    package = await world.publish()
    world.scanner.report = DANGEROUS
    world.scanner.go_on.clear()
    work = asyncio.create_task(world.applying.perform(package.id))
    await world.scanner.begun.wait()
    world.clock.advance(timedelta(seconds=1))
    replaced = replace(package, content=make_content(sha256=make_sha256()), revision=2)
    await world.stores.packages.replace(replaced, make_change(package.id), expected_revision=1)
    world.scanner.go_on.set()
    await work
    assert (await world.read(package)).status is PackageStatus.ACTIVE
    assert (await world.safety(package)).due_at is not None

    world.scanner.report = ScanReport()
    await world.applying.perform(package.id)
    assert (await world.read(package)).status is PackageStatus.ACTIVE
    assert (await world.safety(package)).due_at is None


@pytest.mark.parametrize("status", [PackageStatus.QUARANTINED, PackageStatus.DEPRECATED])
async def test_what_is_in_quarantine_stays_as_it_is(world: World, status: PackageStatus) -> None:
    world.scanner.report = DANGEROUS
    package = await world.publish(status=status, status_reason="by hand")
    await world.applying.perform(package.id)
    found = await world.read(package)
    assert found.status is PackageStatus.QUARANTINED
    assert (found.status_reason == "by hand") == (status is PackageStatus.QUARANTINED)


async def test_a_package_that_is_gone_is_nobody_s_trouble(world: World) -> None:
    package = await world.publish()
    world.scanner.go_on.clear()
    work = asyncio.create_task(world.applying.perform(package.id))
    await world.scanner.begun.wait()
    await world.stores.packages.remove(package.id, make_change(package.id), expected_revision=1)
    world.scanner.go_on.set()
    await work
    await world.applying.perform(package.id)
    assert world.judged == []


async def test_what_broke_is_put_off(world: World) -> None:
    package: Package = await world.publish()
    await world.applying.put_off(package.id, seconds=60)
    await world.applying.perform(package.id)
    assert world.scanner.scanned == []
    world.clock.advance(timedelta(seconds=60))
    await world.applying.perform(package.id)
    assert len(world.scanner.scanned) == 1
