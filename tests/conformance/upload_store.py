"""What every `UploadStore` does, and what the stores beside it do for open uploads.

A harness subclasses `UploadStoreContract` and gives the fixture `records`, without any records yet.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from registry.domain.errors import AlreadyAnswered, NotFound, PackageExists, QuotaReached, Throttled, Unavailable
from registry.domain.packages import Change, Package
from registry.domain.quotas import Quota
from registry.ports.idempotency import IdempotencyStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore
from tests.factories import (
    START,
    ManualClock,
    make_change,
    make_content,
    make_idempotency_record,
    make_package,
    make_upload,
)


@dataclass(frozen=True, slots=True)
class UploadRecords:
    """The ports of one backend that know of uploads."""

    uploads: UploadStore
    usage: UsageStore
    packages: PackageStore
    idempotency: IdempotencyStore
    maintenance: RecordMaintenance
    clock: ManualClock


class UploadStoreContract:
    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"filename": "größe.zip", "media_type": "application/zip"},
            {"size": 5 * 1024**4, "metadata": b"\xc3\xa9"},
        ],
    )
    async def test_gives_back_what_was_added(self, records: UploadRecords, overrides: dict[str, object]) -> None:
        upload = make_upload(**overrides)
        await records.uploads.add(upload)
        assert await records.uploads.get(upload.id) == upload

    async def test_unknown_is_not_found(self, records: UploadRecords) -> None:
        with pytest.raises(NotFound):
            await records.uploads.get("nothing")
        with pytest.raises(NotFound):
            await records.uploads.move("nothing", "key", before="")
        assert not await records.uploads.remove("nothing")

    async def test_is_removed_once(self, records: UploadRecords) -> None:
        upload = make_upload()
        await records.uploads.add(upload)
        removed = await asyncio.gather(*(records.uploads.remove(upload.id) for _ in range(5)))
        assert sorted(removed) == [False] * 4 + [True]

    async def test_moves_to_another_key(self, records: UploadRecords) -> None:
        upload = make_upload()
        await records.uploads.add(upload)
        await records.uploads.move(upload.id, "elsewhere", before=upload.key)
        assert await records.uploads.get(upload.id) == replace(upload, key="elsewhere")
        assert await records.maintenance.live_blob_keys([upload.key, "elsewhere"]) == {"elsewhere"}

    async def test_moves_once_from_a_key(self, records: UploadRecords) -> None:
        upload = make_upload()
        await records.uploads.add(upload)
        await records.uploads.move(upload.id, "first", before=upload.key)
        with pytest.raises(NotFound):
            await records.uploads.move(upload.id, "second", before=upload.key)
        assert await records.uploads.get(upload.id) == replace(upload, key="first")
        assert await records.maintenance.live_blob_keys(["first", "second"]) == {"first"}

    async def test_answer_is_kept_with_it_or_neither_is(self, records: UploadRecords) -> None:
        first, second, answer = make_upload(), make_upload(), make_idempotency_record()
        await records.uploads.add(first, answer)
        assert await records.idempotency.find(answer.key) == answer
        with pytest.raises(AlreadyAnswered):
            await records.uploads.add(second, answer)
        with pytest.raises(NotFound):
            await records.uploads.get(second.id)

    async def test_lists_what_a_user_has_open(self, records: UploadRecords) -> None:
        mine = [make_upload(created_by="bob") for _ in range(3)]
        for upload in (*mine, make_upload(created_by="bobby")):
            await records.uploads.add(upload)
        assert await records.uploads.list_open("bob", limit=10) == mine
        assert await records.uploads.list_open("bob", limit=2) == mine[:2]
        assert await records.uploads.list_open("nobody", limit=10) == []

    async def test_lists_what_has_expired_the_oldest_first(self, records: UploadRecords) -> None:
        uploads = [make_upload(expires_at=START + timedelta(seconds=seconds)) for seconds in (30, 10, 20)]
        for upload in uploads:
            await records.uploads.add(upload)
        now = START + timedelta(seconds=20)
        assert await records.uploads.list_expired(now, limit=10) == [uploads[1], uploads[2]]
        assert await records.uploads.list_expired(now, limit=1) == [uploads[1]]
        assert await records.uploads.list_expired(START, limit=10) == []

    async def test_its_bytes_are_alive(self, records: UploadRecords) -> None:
        upload = make_upload()
        await records.uploads.add(upload)
        assert await records.maintenance.live_blob_keys([upload.key, "other"]) == {upload.key}
        await records.uploads.remove(upload.id)
        assert await records.maintenance.live_blob_keys([upload.key, "other"]) == set()

    async def test_ends_with_the_package_that_it_becomes(self, records: UploadRecords) -> None:
        upload = make_upload()
        await records.uploads.add(upload)
        package = make_package(content=make_content(blob_key=upload.key))
        await records.packages.add(package, replace(make_change(package.id), upload=upload))
        with pytest.raises(NotFound):
            await records.uploads.get(upload.id)
        assert not await records.uploads.remove(upload.id)
        assert await records.maintenance.live_blob_keys([upload.key]) == {upload.key}

    async def test_no_package_without_its_upload(self, records: UploadRecords) -> None:
        gone, moved = make_upload(), make_upload()
        await records.uploads.add(moved)
        await records.uploads.move(moved.id, "elsewhere", before=moved.key)
        for upload in (gone, moved):
            package = make_package()
            with pytest.raises(NotFound):
                await records.packages.add(package, replace(make_change(package.id), upload=upload))
            with pytest.raises(NotFound):
                await records.packages.get(package.id)

    async def test_refused_package_leaves_its_upload_open(self, records: UploadRecords) -> None:
        upload, taken = make_upload(), make_package()
        await records.uploads.add(upload)
        await records.packages.add(taken, make_change(taken.id))
        package = make_package(name=taken.name, version=taken.version)
        with pytest.raises(PackageExists):
            await records.packages.add(package, replace(make_change(package.id), upload=upload))
        assert await records.uploads.get(upload.id) == upload

    async def test_removing_and_completing_at_once_one_of_them_wins(self, records: UploadRecords) -> None:
        for _ in range(10):
            upload, package = make_upload(), make_package()
            await records.uploads.add(upload)
            adding = records.packages.add(package, replace(make_change(package.id), upload=upload))
            added, removed = await asyncio.gather(adding, records.uploads.remove(upload.id), return_exceptions=True)
            assert (added is None) != (removed is True)

    async def test_stored_bytes_follow_the_packages(self, records: UploadRecords) -> None:
        assert await records.usage.stored_bytes("carol") == 0
        first = make_package(created_by="carol", content=make_content(size=100))
        second = make_package(created_by="carol", content=make_content(size=20))
        bare, other = make_package(created_by="carol"), make_package(created_by="dave", content=make_content(size=7))
        for package in (first, second, bare, other):
            await records.packages.add(package, make_change(package.id))
        assert await records.usage.stored_bytes("carol") == 120
        larger = replace(second, revision=2, content=make_content(size=50))
        await records.packages.replace(larger, make_change(second.id), expected_revision=1)
        assert await records.usage.stored_bytes("carol") == 150
        await records.packages.remove(first.id, make_change(first.id), expected_revision=1)
        assert await records.usage.stored_bytes("carol") == 50
        assert await records.usage.stored_bytes("dave") == 7

    async def test_a_quota_counts_packages_and_open_uploads(self, records: UploadRecords) -> None:
        quota = Quota("carol", bytes=100, uploads=2)
        await records.packages.add(*sized(60, quota))
        with pytest.raises(QuotaReached, match="room for 40 bytes"):
            await records.packages.add(*sized(41, quota))
        upload = make_upload(created_by="carol", size=30)
        await records.uploads.add(upload, quota=quota)
        with pytest.raises(QuotaReached, match="room for 10 bytes"):
            await records.packages.add(*sized(11, quota))
        with pytest.raises(QuotaReached):
            await records.uploads.add(make_upload(created_by="carol", size=11), quota=quota)
        await records.uploads.add(make_upload(created_by="carol", size=5), quota=quota)
        with pytest.raises(Throttled):
            await records.uploads.add(make_upload(created_by="carol", size=5), quota=quota)

        package, change = sized(30, quota)
        await records.packages.add(package, replace(change, upload=upload))
        await records.packages.add(*sized(5, quota))
        assert await records.usage.stored_bytes("carol") == 95

    async def test_a_quota_lets_pass_what_adds_nothing(self, records: UploadRecords) -> None:
        package, change = sized(100)
        await records.packages.add(package, change)
        quota = Quota("carol", bytes=50, uploads=1)
        smaller = replace(package, revision=2, content=make_content(size=99))
        await records.packages.replace(smaller, replace(make_change(package.id), quota=quota), expected_revision=1)
        renamed = replace(smaller, revision=3, description="other")
        await records.packages.replace(renamed, replace(make_change(package.id), quota=quota), expected_revision=2)
        larger = replace(renamed, revision=4, content=make_content(size=101))
        with pytest.raises(QuotaReached):
            await records.packages.replace(larger, replace(make_change(package.id), quota=quota), expected_revision=3)
        assert (await records.packages.get(package.id)).revision == 3
        await records.packages.remove(package.id, make_change(package.id), expected_revision=3)
        await records.packages.add(*sized(50, quota))

    async def test_a_quota_holds_however_many_write_at_once(self, records: UploadRecords) -> None:
        quota = Quota("carol", bytes=100, uploads=50)
        first, change = sized(10, quota)
        await records.packages.add(first, change)
        grown = replace(first, revision=2, content=make_content(size=50))
        writes = [
            records.packages.replace(grown, replace(make_change(first.id), quota=quota), expected_revision=1),
            *(records.packages.add(*sized(40, quota)) for _ in range(6)),
            *(records.uploads.add(make_upload(created_by="carol", size=40), quota=quota) for _ in range(5)),
        ]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert {type(outcome) for outcome in refused} <= {QuotaReached, Unavailable}
        opened = await records.uploads.list_open("carol", limit=50)
        taken = await records.usage.stored_bytes("carol") + sum(upload.size for upload in opened)
        assert 10 < taken <= 100
        for upload in opened:
            await records.uploads.remove(upload.id)
        # Nothing that was refused takes room.
        stored = await records.usage.stored_bytes("carol")
        await records.packages.add(*sized(100 - stored, quota))


def sized(size: int, quota: Quota | None = None) -> tuple[Package, Change]:
    """A new package of carol's with so many bytes, and the change that adds it."""
    package = make_package(created_by="carol", content=make_content(size=size))
    return package, replace(make_change(package.id), quota=quota)
