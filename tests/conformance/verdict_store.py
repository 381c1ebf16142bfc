"""What every VerdictStore and ScanRequestStore does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.events import EventType
from registry.domain.packages import Package, PackageStatus
from registry.domain.safety import Finding, FindingLevel, NotScanned, ScanReport
from registry.domain.verdicts import FAILED_SCAN, PackageSafety
from registry.ports.verdicts import DueRequest, ScanLease
from registry.ports.webhooks import DeliveryOutbox
from tests.conformance.records import RecordBackend, Records
from tests.factories import (
    make_account,
    make_change,
    make_content,
    make_event,
    make_package,
    make_sha256,
    make_verdict,
    make_webhook,
)

LEASE = timedelta(seconds=30)
DANGEROUS = ScanReport(findings=(Finding("a.zip!/é.pkl", FindingLevel.DANGEROUS, "pickle", "calls os.system"),))
UNREAD = ScanReport(not_scanned=(NotScanned("b.bin", "encrypted"),))


async def publish(
    records: Records, sha256: str | None = None, *, user: str | None = "ann", **others: object
) -> Package:
    content = make_content(sha256=sha256 or make_sha256())
    package = make_package(**{"content": content, **others})
    await records.packages.add(package, make_change(package.id, user=user))
    return package


async def lease(
    records: Records, backend: RecordBackend, sha256: str, by: str = "t1", *, scanner_version: int = 1
) -> ScanLease | None:
    now = backend.clock.now()
    return await records.verdicts.lease(sha256, scanner_version=scanner_version, token=by, now=now, until=now + LEASE)


async def leased(records: Records, backend: RecordBackend, sha256: str, by: str = "t1", **more: int) -> ScanLease:
    found = await lease(records, backend, sha256, by, **more)
    assert found is not None
    return found


async def keep(
    records: Records, backend: RecordBackend, sha256: str, report: ScanReport, *, scanner_version: int = 1
) -> None:
    verdict = make_verdict(sha256, report, scanner_version=scanner_version)
    holder = await leased(records, backend, sha256, scanner_version=max(1, scanner_version))
    assert await records.verdicts.finish(holder, verdict)


async def safety_of(records: Records, package: Package) -> PackageSafety:
    return (await records.packages.get_judged(package.id))[1]


async def settle(records: Records, package: Package, reported: str = "clean") -> bool:
    safety = await safety_of(records, package)
    return await records.scan_requests.settle(package, safety, reported=reported, event=None)


async def due(records: Records, backend: RecordBackend, *, limit: int = 10) -> list[str]:
    """The packages whose requests are due; an index may follow a moment late."""
    return [each.package_id for each in await records.scan_requests.list_due(backend.clock.now(), limit=limit)]


class VerdictStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("report", [ScanReport(scanned=("m.bin",)), DANGEROUS, UNREAD])
    async def test_gives_back_what_was_kept(
        self, records: Records, others: Records, backend: RecordBackend, report: ScanReport
    ) -> None:
        verdict = make_verdict(make_sha256(), report)
        sha256 = verdict.summary.content_sha256
        assert await others.verdicts.find(sha256) is None
        assert await others.verdicts.find_summary(sha256) is None

        assert await records.verdicts.finish(await leased(records, backend, sha256), verdict)

        assert await others.verdicts.find(sha256) == verdict
        assert await others.verdicts.find_summary(sha256) == verdict.summary

    async def test_a_long_verdict_is_kept_whole_and_replaced_whole(
        self, records: Records, backend: RecordBackend
    ) -> None:
        sha256 = make_sha256()
        for version, number in ((1, 30_000), (2, 3)):
            # Little of it is repeated, so compressing does not make it small.
            paths = tuple(f"{place * 2654435761 % 2**64:016x}/{make_sha256()[:24]}" for place in range(number))
            verdict = make_verdict(sha256, ScanReport(scanned=paths), scanner_version=version)
            holder = await leased(records, backend, sha256, scanner_version=version)
            assert await records.verdicts.finish(holder, verdict)
            assert await records.verdicts.find(sha256) == verdict

    async def test_one_of_many_scans_a_content(self, records: Records, others: Records, backend: RecordBackend) -> None:
        sha256 = make_sha256()
        leases = await asyncio.gather(
            *(lease((records, others)[number % 2], backend, sha256, f"t{number}") for number in range(10))
        )
        assert sum(found is not None for found in leases) == 1

    async def test_what_has_a_verdict_is_not_scanned_again(self, records: Records, backend: RecordBackend) -> None:
        sha256 = make_sha256()
        await keep(records, backend, sha256, DANGEROUS, scanner_version=3)
        assert await lease(records, backend, sha256, scanner_version=3) is None
        assert await lease(records, backend, sha256, scanner_version=2) is None
        assert await lease(records, backend, sha256, scanner_version=4) is not None

    async def test_a_claim_that_is_not_extended_ends(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        sha256 = make_sha256()
        first = await leased(records, backend, sha256)
        backend.clock.advance(LEASE / 2)
        assert await records.verdicts.extend(first, until=backend.clock.now() + LEASE)
        backend.clock.advance(LEASE * 0.9)
        assert await lease(others, backend, sha256, "t2") is None

        backend.clock.advance(LEASE * 0.1)
        second = await leased(others, backend, sha256, "t2")
        assert second.attempts == 2
        assert not await records.verdicts.extend(first, until=backend.clock.now() + LEASE)
        assert not await records.verdicts.finish(first, make_verdict(sha256, DANGEROUS))
        assert await records.verdicts.find(sha256) is None
        assert await others.verdicts.finish(second, make_verdict(sha256, DANGEROUS))

    async def test_a_claim_that_is_given_back_was_no_attempt(self, records: Records, backend: RecordBackend) -> None:
        sha256 = make_sha256()
        for _ in range(3):
            await records.verdicts.give_back(await leased(records, backend, sha256))
        lost = await leased(records, backend, sha256)
        backend.clock.advance(LEASE)
        await records.verdicts.give_back(await leased(records, backend, sha256, "t2"))
        await records.verdicts.give_back(lost)
        assert (await leased(records, backend, sha256, "t3")).attempts == 2

    async def test_lists_what_an_older_scanner_judged(self, records: Records, backend: RecordBackend) -> None:
        digests = sorted(make_sha256() for _ in range(6))
        for sha256, version in zip(digests, (FAILED_SCAN, 1, 2, 2, 3, 4), strict=True):
            await keep(records, backend, sha256, UNREAD, scanner_version=version)
        assert await records.verdicts.list_outdated(3, limit=10) == digests[1:4]
        assert await records.verdicts.list_outdated(3, limit=2) == digests[1:3]
        assert await records.verdicts.list_outdated(1, limit=2) == []

    async def test_a_verdict_goes_once_no_package_has_the_content(
        self, records: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        assert package.content is not None
        sha256 = package.content.sha256
        await keep(records, backend, sha256, DANGEROUS)
        assert await settle(records, package)
        assert not await records.verdicts.remove_unused(sha256)
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        assert await records.verdicts.find(sha256) is not None
        assert await records.verdicts.remove_unused(sha256)
        assert await records.verdicts.find(sha256) is None
        assert not await records.verdicts.remove_unused(sha256)


class ScanRequestStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_new_content_is_to_be_scanned(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        assert package.content is not None
        sha256 = package.content.sha256
        safety = await safety_of(others, package)
        assert safety == PackageSafety(sha256, backend.clock.now(), "ann")
        assert not safety.judged(sha256)
        assert await others.scan_requests.list_due(backend.clock.now(), limit=10) == [DueRequest(package.id, "ann")]
        assert await others.scan_requests.count_open() == 1

    async def test_what_has_no_content_waits_for_none(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records, status=PackageStatus.PENDING, content=None)
        await records.scan_requests.open(package.id, asked_by="ann", now=backend.clock.now())
        assert await safety_of(records, package) == PackageSafety()
        assert await due(records, backend) == []

    async def test_content_that_is_fetched_later_is_to_be_scanned(
        self, records: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records, status=PackageStatus.PENDING, content=None)
        fetched = replace(package, status=PackageStatus.ACTIVE, content=make_content(), revision=2)
        await records.packages.replace(fetched, make_change(package.id, user="bob"), expected_revision=1)
        assert await records.scan_requests.list_due(backend.clock.now(), limit=10) == [DueRequest(package.id, "bob")]

    async def test_a_settled_request_stays_settled_while_the_content_does(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        assert package.content is not None
        assert await settle(records, package, "sha clean")
        patched = replace(package, description="new", revision=2)
        await records.packages.replace(patched, make_change(package.id), expected_revision=1)
        safety = await safety_of(others, package)
        assert safety.judged(package.content.sha256)
        assert safety.reported == "sha clean"
        assert await due(others, backend) == []
        assert await others.scan_requests.count_open() == 0
        assert not await settle(records, package)

        other = make_content(sha256=make_sha256())
        await records.packages.replace(
            replace(patched, content=other, revision=3), make_change(package.id, user="bob"), expected_revision=2
        )
        safety = await safety_of(others, package)
        assert (safety.sha256, safety.asked_by) == (other.sha256, "bob")
        assert not safety.judged(other.sha256)
        assert await due(others, backend) == [package.id]

    async def test_a_request_that_changed_meanwhile_is_not_settled(
        self, records: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        before = await safety_of(records, package)
        backend.clock.advance(timedelta(seconds=1))
        await records.packages.replace(
            replace(package, content=make_content(sha256=make_sha256()), revision=2),
            make_change(package.id),
            expected_revision=1,
        )
        await records.scan_requests.postpone(package.id, before, due_at=backend.clock.now() + LEASE)
        assert not await records.scan_requests.settle(package, before, reported="", event=None)
        assert await due(records, backend) == [package.id]

    async def test_the_event_is_recorded_once_with_the_settlement(self, records: Records) -> None:
        webhook = make_webhook(events=frozenset({EventType.SAFETY_COMPLETED}))
        await records.webhooks.add(webhook)
        package = await publish(records)
        safety = await safety_of(records, package)
        event = make_event(package.id, type=EventType.SAFETY_COMPLETED)
        settled = await asyncio.gather(
            *(records.scan_requests.settle(package, safety, reported="x", event=event) for _ in range(3))
        )
        assert sorted(settled) == [False, False, True]
        assert await told(records.outbox, webhook.id) == [event.id]

    async def test_a_postponed_request_waits(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        until = backend.clock.now() + LEASE
        await records.scan_requests.postpone(package.id, await safety_of(records, package), due_at=until)
        assert await due(records, backend) == []
        assert (await safety_of(records, package)).due_at == until
        await records.scan_requests.open(package.id, asked_by="bob", now=backend.clock.now())
        assert await due(records, backend) == []
        backend.clock.advance(LEASE)
        assert await due(records, backend) == [package.id]
        assert await settle(records, package)

    async def test_a_settled_request_is_opened_again(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        assert await settle(records, package)
        backend.clock.advance(timedelta(seconds=1))
        await records.scan_requests.open(package.id, asked_by="", now=backend.clock.now())
        assert await records.scan_requests.list_due(backend.clock.now(), limit=10) == [DueRequest(package.id, "")]
        await records.scan_requests.open("no such package", asked_by="", now=backend.clock.now())
        assert await records.scan_requests.count_open() == 1

    async def test_finds_every_package_that_has_a_content(self, records: Records, backend: RecordBackend) -> None:
        sha256 = make_sha256()
        alike = [await publish(records, sha256) for _ in range(4)]
        other, waiting, removed = await publish(records), alike.pop(), alike.pop()
        for package in (*alike, other, removed):
            assert await settle(records, package)
        await records.packages.remove(removed.id, make_change(removed.id), expected_revision=1)
        assert sorted(await records.scan_requests.list_packages(sha256, limit=10)) == [each.id for each in alike]
        assert len(await records.scan_requests.list_packages(sha256, limit=1)) == 1

        assert await records.scan_requests.open_all(sha256, now=backend.clock.now()) == 2
        assert sorted(await due(records, backend)) == sorted(each.id for each in (*alike, waiting))

    async def test_one_user_s_many_requests_do_not_stand_before_another_s(
        self, records: Records, backend: RecordBackend
    ) -> None:
        many = []
        for _ in range(5):
            many.append((await publish(records, user="ann")).id)
            backend.clock.advance(timedelta(seconds=1))
        one = (await publish(records, user="bob")).id
        assert await due(records, backend) == [many[0], one, *many[1:]]
        assert await due(records, backend, limit=2) == [many[0], one]

    async def test_a_lift_is_kept_for_its_content(self, records: Records, others: Records) -> None:
        package = await publish(records, status=PackageStatus.QUARANTINED)
        assert package.content is not None
        first, second = package.content, make_content(sha256=make_sha256())
        change = replace(make_change(package.id), lifted_sha256=first.sha256)
        lifted = replace(package, status=PackageStatus.ACTIVE, revision=2)
        await records.packages.replace(lifted, change, expected_revision=1)
        assert (await safety_of(others, package)).lifted == {first.sha256}

        for revision, content in ((3, second), (4, first)):
            await records.packages.replace(
                replace(lifted, content=content, revision=revision),
                make_change(package.id),
                expected_revision=revision - 1,
            )
            assert (await safety_of(others, package)).lifted == {first.sha256}
        change = replace(make_change(package.id), lifted_sha256=second.sha256)
        await records.packages.replace(replace(lifted, revision=5), change, expected_revision=4)
        assert (await safety_of(others, package)).lifted == {first.sha256, second.sha256}

    async def test_a_removed_package_leaves_no_request(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        assert await due(records, backend) == []
        await records.scan_requests.open(package.id, asked_by="ann", now=backend.clock.now())
        assert await records.scan_requests.count_open() == 0

    async def test_a_reset_forgets_verdicts_and_requests(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        assert package.content is not None
        sha256 = package.content.sha256
        await keep(records, backend, sha256, DANGEROUS)
        await records.maintenance.reset(make_account())
        assert await records.verdicts.find(sha256) is None
        assert await records.scan_requests.count_open() == 0


async def told(outbox: DeliveryOutbox, webhook_id: str) -> list[str]:
    """The ids of the events that a webhook hears of."""
    await outbox.due_webhooks()
    return [delivery.id for delivery in await outbox.list_deliveries(webhook_id, limit=10, after=None)]
