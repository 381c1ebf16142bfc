"""Making verdicts: once for a content, and never `clean` for what could not be scanned."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import NotFound, Unavailable
from registry.domain.packages import Content, PackageStatus
from registry.domain.safety import SafetyStatus
from registry.domain.verdicts import FAILED_SCAN
from registry.formats.scanning.version import SCANNER_VERSION
from registry.services.safety.scanning import MOST_ATTEMPTS
from tests.factories import make_change, make_content, make_sha256
from tests.safety.conftest import DANGEROUS, LEASE_SECONDS, World


def content() -> Content:
    return make_content(sha256=make_sha256(), filename="model.pkl")


async def test_several_processes_scan_a_content_once(world: World) -> None:
    wanted = content()
    world.scanner.go_on.clear()
    first = asyncio.create_task(world.scanning.verdict_on(wanted, user="ann"))
    await world.scanner.begun.wait()
    others = await asyncio.gather(*(world.scanning.verdict_on(wanted, user="ann") for _ in range(5)))
    assert others == [None] * 5
    world.scanner.go_on.set()
    verdict = await first
    assert verdict is not None
    assert verdict.status is SafetyStatus.CLEAN
    assert await world.scanning.verdict_on(wanted, user="ann") == verdict
    assert world.scanner.scanned == [wanted.sha256]


async def test_a_scanner_that_breaks_gives_no_clean_verdict(world: World) -> None:
    world.scanner.error = ZeroDivisionError()
    wanted = content()
    verdict = await world.scanning.verdict_on(wanted, user="ann")
    assert verdict is not None
    assert (verdict.status, verdict.scanner_version) == (SafetyStatus.NOT_SCANNED, SCANNER_VERSION)
    assert verdict.reason == "model.pkl could not be scanned: the scanner failed (ZeroDivisionError)"


async def test_missing_bytes_are_scanned_when_they_come_again(world: World) -> None:
    world.scanner.error = NotFound("no such blob")
    wanted = content()
    verdict = await world.scanning.verdict_on(wanted, user="ann")
    assert verdict is not None
    assert (verdict.status, verdict.scanner_version) == (SafetyStatus.NOT_SCANNED, FAILED_SCAN)
    assert "missing" in verdict.reason
    world.scanner.error = None
    again = await world.scanning.verdict_on(wanted, user="ann")
    assert again is not None
    assert again.status is SafetyStatus.CLEAN


async def test_a_store_that_does_not_answer_leaves_the_content_to_the_next_try(world: World) -> None:
    wanted = content()
    for _ in range(MOST_ATTEMPTS + 2):
        world.scanner.error = Unavailable("The store does not answer.")
        with pytest.raises(Unavailable):
            await world.scanning.verdict_on(wanted, user="ann")
    world.scanner.error = None
    verdict = await world.scanning.verdict_on(wanted, user="ann")
    assert verdict is not None
    assert verdict.status is SafetyStatus.CLEAN


async def test_a_scan_that_is_cancelled_is_free_at_once(world: World) -> None:
    wanted = content()
    world.scanner.go_on.clear()
    scan = asyncio.create_task(world.scanning.verdict_on(wanted, user="ann"))
    await world.scanner.begun.wait()
    scan.cancel()
    await asyncio.gather(scan, return_exceptions=True)
    world.scanner.go_on.set()
    assert await world.scanning.verdict_on(wanted, user="ann") is not None


async def test_a_content_that_kills_its_processes_is_not_read_for_ever(world: World) -> None:
    wanted = content()
    for number in range(MOST_ATTEMPTS):
        now = world.clock.now()
        died = await world.stores.verdicts.lease(
            wanted.sha256,
            scanner_version=SCANNER_VERSION,
            token=str(number),
            now=now,
            until=now + timedelta(seconds=LEASE_SECONDS),
        )
        assert died is not None
        assert await world.scanning.verdict_on(wanted, user="ann") is None
        world.clock.advance(timedelta(seconds=LEASE_SECONDS))
    verdict = await world.scanning.verdict_on(wanted, user="ann")
    assert verdict is not None
    assert verdict.status is SafetyStatus.NOT_SCANNED
    assert "ended its process" in verdict.reason
    assert world.scanner.scanned == []


async def test_verdicts_of_an_older_scanner_are_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    package = await world.publish()
    assert package.content is not None
    await world.applying.perform(package.id)
    assert not await world.scanning.scan_again()

    monkeypatch.setattr("registry.services.safety.scanning.SCANNER_VERSION", SCANNER_VERSION + 1)
    world.scanner.report = DANGEROUS
    assert await world.scanning.scan_again()
    verdict = await world.stores.verdicts.find_summary(package.content.sha256)
    assert verdict is not None
    assert (verdict.status, verdict.scanner_version) == (SafetyStatus.DANGEROUS, SCANNER_VERSION + 1)
    assert not await world.scanning.scan_again()
    await world.applying.perform(package.id)
    assert (await world.read(package)).status is PackageStatus.QUARANTINED


async def test_a_lift_holds_after_another_scanner_s_verdict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    package = await world.publish()
    assert package.content is not None
    await world.applying.perform(package.id)
    lifted = replace(make_change(package.id), lifted_sha256=package.content.sha256)
    await world.stores.packages.replace(replace(package, revision=2), lifted, expected_revision=1)
    monkeypatch.setattr("registry.services.safety.scanning.SCANNER_VERSION", SCANNER_VERSION + 1)
    world.scanner.report = DANGEROUS
    assert await world.scanning.scan_again()
    await world.applying.perform(package.id)
    assert (await world.read(package)).status is PackageStatus.ACTIVE


async def test_old_verdicts_that_no_package_needs_are_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    package = await world.publish()
    assert package.content is not None
    await world.applying.perform(package.id)
    await world.stores.packages.remove(package.id, make_change(package.id), expected_revision=1)
    monkeypatch.setattr("registry.services.safety.scanning.SCANNER_VERSION", SCANNER_VERSION + 1)
    assert await world.scanning.scan_again()
    assert await world.stores.verdicts.find(package.content.sha256) is None
    assert not await world.scanning.scan_again()
