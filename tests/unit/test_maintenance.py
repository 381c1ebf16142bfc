"""What a scrub says of packages that change while it reads; what a sweep looks at."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.system.ids import UuidSource
from registry.ports.blobs import BlobInfo, BlobStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.releases import ReleaseStore
from registry.services.accounts.bootstrap import Bootstrap
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.maintenance.leases import RegularWork
from registry.services.maintenance.maintenance import Damage, Maintenance
from registry.services.names.drafts import Drafts
from registry.services.uploads.uploads import Uploads
from tests.conformance.test_sqlite import SqliteBackend
from tests.factories import ManualClock, make_content


class Records:
    """Stands in for `RecordMaintenance`: one content was there when it was listed, and is `live` or not by now."""

    def __init__(self, *, live: bool) -> None:
        self.content = make_content()
        self._live = live

    async def list_contents(self) -> AsyncIterator[tuple[str, str, int, str]]:
        yield "1", self.content.blob_key, self.content.size, self.content.sha256

    async def live_blob_keys(self, keys: Sequence[str]) -> set[str]:
        return set(keys) if self._live else set()


class NothingDerived:
    async def scrub(self) -> int:
        return 0


@pytest.mark.parametrize("live", [True, False])
async def test_bytes_that_are_gone_are_damage_only_while_a_record_refers_to_them(tmp_path: Path, *, live: bool) -> None:
    records, blobs = Records(live=live), FilesystemBlobStore.open(tmp_path)
    maintenance = Maintenance(
        cast("RecordMaintenance", records),
        blobs,
        derived=cast("DerivedBlobs", NothingDerived()),
        uploads=cast("Uploads", None),
        releases=cast("ReleaseStore", None),
        drafts=cast("Drafts", None),
        bootstrap=cast("Bootstrap", None),
        clock=ManualClock(),
        regular=cast("RegularWork", None),
    )
    damages = await maintenance.scrub(lambda _, __: None)
    blobs.close()
    assert damages == ([Damage("1", records.content.sha256, None)] if live else [])


class Listed:
    """Stands in for stores: blobs by key with the time they were written, and the questions that a sweep asks."""

    def __init__(self) -> None:
        self.blobs: dict[str, datetime] = {}
        self.asked: list[str] = []
        self.since: list[datetime | None] = []
        self.live: set[str] = set()
        self.collected = 0

    async def list_blobs(self, *, since: datetime | None = None) -> AsyncIterator[BlobInfo]:
        self.since.append(since)
        for key, at in list(self.blobs.items()):
            if since is None or at >= since:
                yield BlobInfo(key, 1, at)

    async def delete(self, key: str) -> None:
        del self.blobs[key]

    async def live_blob_keys(self, keys: Sequence[str]) -> set[str]:
        self.asked += keys
        return self.live & set(keys)

    async def purge_expired(self, now: datetime) -> int:
        return 0

    async def settle(self, now: datetime) -> None: ...

    async def expire(self, *, dry_run: bool = False) -> int:
        return 0

    async def list_kept(self) -> Sequence[str]:
        return ["snapshot"]

    async def collect(self) -> int:
        self.collected += 1
        return 0


async def test_a_sweep_looks_at_what_is_new_and_at_everything_after_a_day(tmp_path: Path) -> None:
    backend, stores, hour, day = SqliteBackend(tmp_path), Listed(), timedelta(hours=1), timedelta(days=1)
    clock = backend.clock
    async with backend.open() as records:
        one, other = (
            Maintenance(
                cast("RecordMaintenance", stores),
                cast("BlobStore", stores),
                derived=cast("DerivedBlobs", stores),
                uploads=cast("Uploads", stores),
                releases=cast("ReleaseStore", stores),
                drafts=cast("Drafts", stores),
                bootstrap=cast("Bootstrap", None),
                clock=clock,
                regular=RegularWork(records.upgrades, clock=clock, ids=UuidSource()),
                kept=stores.list_kept,
            )
            for _ in range(2)
        )

        async def swept_by() -> list[str]:
            stores.asked.clear()
            swept = [await each.sweep_if_due(every=hour, whole_every=day, grace_seconds=7200) for each in (one, other)]
            assert sum(swept) == 1
            return sorted(stores.asked)

        def write(key: str, *, live: bool) -> None:
            stores.blobs[key] = clock.now()
            stores.live |= {key} if live else set()

        write("old", live=True)
        write("orphan", live=False)
        write("snapshot", live=False)
        clock.advance(3 * hour)
        assert await swept_by() == ["old", "orphan", "snapshot"], "the first one looks at everything"
        assert set(stores.blobs) == {"old", "snapshot"}
        assert stores.since == [None]

        clock.advance(timedelta(minutes=30))
        write("new", live=True)
        write("new orphan", live=False)
        stores.live.remove("old")  # its bytes outlive the record
        clock.advance(hour + timedelta(minutes=10))
        assert await swept_by() == [], "too young"
        clock.advance(hour + timedelta(minutes=10))
        assert await swept_by() == ["new", "new orphan"]
        clock.advance(hour + timedelta(minutes=10))
        assert await swept_by() == [], "looked at once"
        assert set(stores.blobs) == {"old", "new", "snapshot"}
        assert None not in stores.since[1:]
        assert stores.collected == 1

        clock.advance(day)
        assert await swept_by() == ["new", "old", "snapshot"]
        assert set(stores.blobs) == {"new", "snapshot"}
        assert stores.collected == 2
