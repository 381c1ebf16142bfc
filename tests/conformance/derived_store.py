"""What every DerivedStore does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.ports.derived import DerivedKey, DerivedKind, DerivedLease, DerivedRecord
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_sha256

LEASE = timedelta(seconds=30)


def make_key(kind: DerivedKind = DerivedKind.MANIFEST) -> DerivedKey:
    return DerivedKey(kind, make_sha256())


def make_record(key: DerivedKey, *users: str, blob_key: str | None = None) -> DerivedRecord:
    blob_sha256 = make_sha256() if blob_key else None
    return DerivedRecord(key, frozenset(users or ("p1",)), 1, blob_key, blob_sha256)


async def lease(records: Records, backend: RecordBackend, key: DerivedKey, by: str = "t1") -> DerivedLease | None:
    now = backend.clock.now()
    return await records.derived.lease(key, token=by, now=now, until=now + LEASE)


async def keep(records: Records, backend: RecordBackend, record: DerivedRecord) -> str | None:
    held = await lease(records, backend, record.key)
    assert held is not None
    return await records.derived.finish(held, record)


class DerivedStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("kind", DerivedKind)
    @pytest.mark.parametrize(
        "members",
        [
            {"blob_key": "b" * 32, "blob_sha256": "c" * 64},
            {"problem": "it is encrypted", "path": "data/é \U0001f600.bin"},
            {"crc32": 0xFFFF_FFFF},
        ],
    )
    async def test_gives_back_what_was_kept(
        self,
        records: Records,
        others: Records,
        backend: RecordBackend,
        kind: DerivedKind,
        members: dict[str, object],
    ) -> None:
        record = replace(make_record(make_key(kind), "p1", "p2"), **members)  # type: ignore[arg-type]
        assert await others.derived.find(record.key) is None
        assert await keep(records, backend, record) is None
        assert await others.derived.find(record.key) == record
        other = DerivedKind.FILE if kind is DerivedKind.MANIFEST else DerivedKind.MANIFEST
        assert await others.derived.find(DerivedKey(other, record.key.sha256)) is None

    async def test_one_of_many_makes_it(self, records: Records, others: Records, backend: RecordBackend) -> None:
        key = make_key()
        leases = await asyncio.gather(
            *(lease((records, others)[number % 2], backend, key, f"t{number}") for number in range(10))
        )
        assert sum(found is not None for found in leases) == 1

    async def test_a_claim_that_is_not_extended_ends(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        key = make_key()
        first = await lease(records, backend, key)
        assert first is not None
        backend.clock.advance(LEASE / 2)
        assert await records.derived.extend(first, until=backend.clock.now() + LEASE)
        backend.clock.advance(LEASE * 0.9)
        assert await lease(others, backend, key, "t2") is None
        backend.clock.advance(LEASE * 0.1)
        second = await lease(others, backend, key, "t2")
        assert second is not None
        assert second.attempts == 2
        assert not await records.derived.extend(first, until=backend.clock.now() + LEASE)
        # What the first made is not kept, and is to be deleted.
        assert await records.derived.finish(first, make_record(key, blob_key="late")) == "late"
        assert await records.derived.find(key) is None
        assert await others.derived.finish(second, make_record(key, blob_key="good")) is None

    async def test_a_claim_given_back_is_an_attempt_where_it_is_counted(
        self, records: Records, backend: RecordBackend
    ) -> None:
        key = make_key()
        for counted, before in ((False, 1), (False, 1), (True, 1), (True, 2), (False, 3), (False, 3)):
            held = await lease(records, backend, key)
            assert held is not None
            assert held.attempts == before
            await records.derived.give_back(held, counted=counted)

    async def test_its_blob_is_live_while_the_record_refers_to_it(
        self, records: Records, backend: RecordBackend
    ) -> None:
        key = make_key()
        assert await keep(records, backend, make_record(key, "p1", blob_key="first")) is None
        assert await records.maintenance.live_blob_keys(["first", "second"]) == {"first"}
        # Made again: the users are those of both.
        assert await keep(records, backend, make_record(key, "p2", blob_key="second")) == "first"
        assert await records.maintenance.live_blob_keys(["first", "second"]) == {"second"}
        found = await records.derived.find(key)
        assert found is not None
        assert found.users == {"p1", "p2"}
        assert not await records.derived.remove(make_record(key, blob_key="first"))
        assert await records.derived.remove(found)
        assert not await records.derived.remove(found)
        assert await records.maintenance.live_blob_keys(["first", "second"]) == set()

    async def test_goes_with_its_last_user(self, records: Records, others: Records, backend: RecordBackend) -> None:
        key = make_key(DerivedKind.FILE)
        assert not await records.derived.add_user(key, "c1")
        assert await records.derived.drop_users(key, ["c1"]) is None
        await keep(records, backend, make_record(key, "c1", blob_key="shared"))
        assert all(await asyncio.gather(*(records.derived.add_user(key, f"c{number}") for number in (1, 2, 3))))
        assert await others.derived.drop_users(key, ["c1", "c3", "nobody"]) is None
        found = await others.derived.find(key)
        assert found is not None
        assert found.users == {"c2"}
        assert await records.derived.drop_users(key, ["c2"]) == "shared"
        assert await records.derived.find(key) is None
        assert await records.maintenance.live_blob_keys(["shared"]) == set()
        assert not await records.derived.add_user(key, "c4")

    async def test_a_user_that_comes_as_the_last_one_goes_has_it_or_knows_that_it_is_gone(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        for number in range(5):
            key = make_key(DerivedKind.FILE)
            await keep(records, backend, make_record(key, "old", blob_key=f"blob{number}"))
            added, dropped = await asyncio.gather(
                records.derived.add_user(key, "new"), others.derived.drop_users(key, ["old"])
            )
            assert (added, dropped) in ((True, None), (False, f"blob{number}"))
            found = await records.derived.find(key)
            assert (found.users if found else None) == ({"new"} if added else None)

    async def test_lists_every_record(self, records: Records, backend: RecordBackend) -> None:
        kept = {record.key: record for record in (make_record(make_key(kind)) for kind in (*DerivedKind,) * 3)}
        for record in kept.values():
            await keep(records, backend, record)
        assert {record.key: record async for record in records.derived.list_records()} == kept
