"""What every RatingStore does."""

import asyncio
from datetime import datetime, timedelta

import pytest

from registry.domain.packages import AuditAction, Package, PackageStatus
from registry.domain.ratings import RatingStatus
from registry.ports.ratings import DueRating, RatingLease, RatingSummary
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_change, make_content, make_id, make_package, make_rating

RECEIPT = b'{"form":1}'
LEASE = timedelta(seconds=30)


async def publish(records: Records, **overrides: object) -> Package:
    package = make_package(**overrides)
    await records.packages.add(package, make_change(package.id, user="ann"))
    return package


async def lease(records: Records, backend: RecordBackend, package_id: str, by: str = "t1") -> RatingLease | None:
    now = backend.clock.now()
    return await records.ratings.lease(package_id, token=by, now=now, until=now + LEASE)


async def leased(records: Records, backend: RecordBackend, package_id: str, by: str = "t1") -> RatingLease:
    found = await lease(records, backend, package_id, by)
    assert found is not None
    return found


async def due(records: Records, now: datetime, *, limit: int) -> list[str]:
    return [each.package_id for each in await records.ratings.list_due(now, limit=limit)]


class RatingStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_a_new_package_waits_for_its_rating(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        assert await others.ratings.find(package.id) is None
        assert await due(others, backend.clock.now(), limit=10) == [package.id]
        assert await others.ratings.count_requests() == 1
        assert await leased(others, backend, package.id) == RatingLease(package.id, "t1", 1, "ann")

    async def test_a_pending_package_waits_for_nothing(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records, status=PackageStatus.PENDING, content=None)
        assert await due(records, backend.clock.now(), limit=10) == []
        assert await lease(records, backend, package.id) is None

    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"net_score": None, "status": RatingStatus.PARTIAL},
            {"body": '{"evidence":"é \u2028 \\u0000"}'.encode(), "summary": b"{}"},
        ],
    )
    async def test_gives_back_what_was_finished(
        self, records: Records, others: Records, backend: RecordBackend, overrides: dict[str, object]
    ) -> None:
        package = await publish(records)
        rating = make_rating(package.id, **overrides)
        change = make_change(package.id, action=AuditAction.RATE)

        assert await records.ratings.finish(await leased(records, backend, package.id), rating, RECEIPT, change)

        assert await others.ratings.find(package.id) == rating
        assert await others.ratings.find_receipt(package.id, revision=1) == RECEIPT
        assert await others.ratings.find_receipt(package.id, revision=2) is None
        summary = RatingSummary(package.id, 1, rating.net_score, rating.etag, rating.summary)
        assert await others.ratings.find_summaries([package.id, make_id(), package.id]) == {package.id: summary}
        assert change.audit in await others.audit.list_entries(package.id, limit=10, after=None)
        assert await others.ratings.count_requests() == 0
        assert await lease(others, backend, package.id) is None

    async def test_a_large_receipt_is_kept_whole(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        # Hex of a running number: little of it is repeated, so compressing does not make it small.
        receipt = "".join(f"{number * 2654435761 % 2**64:016x}" for number in range(100_000)).encode()
        for revision, text in ((1, receipt), (1, receipt[:500_000])):
            await records.ratings.request(package.id, asked_by="ann", now=backend.clock.now())
            lease = await leased(records, backend, package.id)
            rating = make_rating(package.id, revision=revision, etag=f'"{len(text)}"')
            assert await records.ratings.finish(lease, rating, text, make_change(package.id))
            assert await records.ratings.find_receipt(package.id, revision=revision) == text

    async def test_one_of_many_has_the_claim(self, records: Records, others: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        leases = await asyncio.gather(
            *(lease((records, others)[number % 2], backend, package.id, f"t{number}") for number in range(10))
        )
        assert sum(lease is not None for lease in leases) == 1

    async def test_a_claim_that_is_not_renewed_ends(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await publish(records)
        first = await leased(records, backend, package.id)
        backend.clock.advance(LEASE / 2)
        assert await records.ratings.extend(first, until=backend.clock.now() + LEASE)
        backend.clock.advance(LEASE * 0.9)
        assert await due(others, backend.clock.now(), limit=10) == []
        assert await lease(others, backend, package.id, "t2") is None

        backend.clock.advance(LEASE * 0.1)
        assert await due(others, backend.clock.now(), limit=10) == [package.id]
        second = await leased(others, backend, package.id, "t2")
        assert second.attempts == 2
        assert not await records.ratings.extend(first, until=backend.clock.now() + LEASE)
        rating = make_rating(package.id)
        assert not await records.ratings.finish(first, rating, RECEIPT, make_change(package.id))
        assert await records.ratings.find(package.id) is None
        assert await others.ratings.finish(second, rating, RECEIPT, make_change(package.id))

    async def test_a_change_makes_a_claim_void(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        before = await leased(records, backend, package.id)
        after = make_package(id=package.id, name=package.name, revision=2, content=make_content())
        await records.packages.replace(after, make_change(package.id, user="bob"), expected_revision=1)

        assert not await records.ratings.finish(before, make_rating(package.id), RECEIPT, make_change(package.id))
        await records.ratings.give_back(before, due_at=None)
        assert await records.ratings.find(package.id) is None
        assert await leased(records, backend, package.id, "t2") == RatingLease(package.id, "t2", 1, "bob")

    async def test_a_retry_waits_unless_it_is_asked_for(self, records: Records, backend: RecordBackend) -> None:
        package, now = await publish(records), backend.clock.now()
        retry_at = now + timedelta(minutes=5)
        lease = await leased(records, backend, package.id)
        rating = make_rating(package.id, status=RatingStatus.PARTIAL)
        assert await records.ratings.finish(lease, rating, RECEIPT, make_change(package.id), retry_at=retry_at)

        await records.ratings.request(package.id, asked_by="bob", now=now)
        assert await due(records, now, limit=10) == []
        assert await due(records, retry_at, limit=10) == [package.id]
        await records.ratings.request(package.id, asked_by="bob", now=now, at_once=True)
        assert await leased(records, backend, package.id) == RatingLease(package.id, "t1", 2, "bob")

    async def test_asking_again_leaves_work_under_way_alone(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        lease = await leased(records, backend, package.id)
        for at_once in (False, True):
            await records.ratings.request(package.id, asked_by="bob", now=backend.clock.now(), at_once=at_once)
        assert await due(records, backend.clock.now(), limit=10) == []
        assert await records.ratings.finish(lease, make_rating(package.id), RECEIPT, make_change(package.id))

        await records.ratings.request(package.id, asked_by="bob", now=backend.clock.now(), at_once=True)
        assert await due(records, backend.clock.now(), limit=10) == [package.id]

    async def test_asking_for_what_has_just_come_starts_nothing(self, records: Records, backend: RecordBackend) -> None:
        package, now = await publish(records), backend.clock.now()
        lease = await leased(records, backend, package.id)
        assert await records.ratings.finish(lease, make_rating(package.id), RECEIPT, make_change(package.id))

        await records.ratings.request(package.id, asked_by="bob", now=now, unless_rated=1)
        assert await records.ratings.count_requests() == 0
        await records.ratings.request(package.id, asked_by="bob", now=now, unless_rated=2)
        assert await leased(records, backend, package.id) == RatingLease(package.id, "t1", 1, "bob")

    async def test_what_is_given_back_is_due_again(self, records: Records, backend: RecordBackend) -> None:
        package, now = await publish(records), backend.clock.now()
        await records.ratings.give_back(await leased(records, backend, package.id), due_at=now + LEASE)
        assert await due(records, now, limit=10) == []
        assert await due(records, now + LEASE, limit=10) == [package.id]

    async def test_lists_what_has_been_due_longest_first(self, records: Records, backend: RecordBackend) -> None:
        packages = []
        for _ in range(4):
            packages.append((await publish(records)).id)
            backend.clock.advance(timedelta(seconds=1))
        assert await due(records, backend.clock.now(), limit=3) == packages[:3]

    async def test_many_marks_of_one_user_do_not_hide_those_of_others(
        self, records: Records, backend: RecordBackend
    ) -> None:
        many = [(await publish(records)).id for _ in range(4)]
        await records.ratings.give_back(await leased(records, backend, many[0]), due_at=backend.clock.now())
        backend.clock.advance(timedelta(seconds=1))
        package = make_package()
        await records.packages.add(package, make_change(package.id, user="bob"))
        found = await records.ratings.list_due(backend.clock.now(), limit=3)
        assert [each.asked_by for each in found[:2]] == ["ann", "bob"]
        assert found[1] == DueRating(package.id, "bob")
        assert len(found) == 3

    async def test_a_removed_package_leaves_no_rating(self, records: Records, backend: RecordBackend) -> None:
        package = await publish(records)
        lease = await leased(records, backend, package.id)
        assert await records.ratings.finish(
            lease, make_rating(package.id), RECEIPT, make_change(package.id), retry_at=backend.clock.now()
        )
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)

        assert await records.ratings.find(package.id) is None
        assert await records.ratings.find_receipt(package.id, revision=1) is None
        await records.ratings.request(package.id, asked_by="ann", now=backend.clock.now(), at_once=True)
        assert await records.ratings.count_requests() == 0
