"""Unpacked files: made once, shared by contents, never lost and never left behind, whatever the order of events."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from registry.domain.errors import NotFound
from registry.domain.packages import Package
from registry.ports.blobs import StoredBlob
from registry.ports.derived import DerivedKey, DerivedKind
from registry.services.files.unpacked import LARGE_BYTES
from tests.archive_forms import zipped
from tests.conformance.unpacked_world import (
    LEASE,
    SMALL,
    WEIGHTS,
    World,
    archives,
    content_of,
    embedded_stores,
    in_pieces,
    process,
    scaled_stores,
)
from tests.factories import make_change


@pytest.fixture(params=["embedded", "scaled"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    # So that S3 copies files of these archives by itself.
    monkeypatch.setattr("registry.adapters.s3.blobs.LEAST_BYTES", LARGE_BYTES)
    if request.param == "embedded":
        stores = embedded_stores(tmp_path)
    else:
        stores = scaled_stores(*(request.getfixturevalue(f"{engine}_endpoint") for engine in ("dynamodb", "s3")))
    async with stores as opened, process(opened) as first:
        yield first


async def test_equal_large_files_are_kept_once(world: World) -> None:
    packages = [await world.publish(data) for data in archives()[:3]]
    for package in packages:
        for _ in range(2):
            assert await world.read(package, "model.bin") == WEIGHTS[0]
            assert await world.read(package, "small/007.txt") == SMALL["small/007.txt"]
            await world.unpacked.make_wanted()
    kept = [record for record in await world.kept() if record.key.kind is DerivedKind.FILE]
    shared = next(record for record in kept if record.key.sha256 == hashlib.sha256(WEIGHTS[0]).hexdigest())
    assert shared.users == {content_of(package).sha256 for package in packages}
    assert len(kept) == 2  # and the rest of the tar
    for package in packages:
        assert await world.read(package, "model.bin", 4_000_000, 77) == WEIGHTS[0][4_000_000:4_000_077]
    for place, package in enumerate(packages):
        await world.remove(package, crash=False)
        await world.sweep()
        assert bool(await world.unpacked_keys()) == (place < 2)
    assert [blob async for blob in world.blobs.list_blobs()] == []


async def test_a_range_of_an_unpacked_file_reads_no_more_than_the_range(world: World) -> None:
    package = await world.publish(archives()[2])
    for path in ("model.bin", "small/299.txt"):
        await world.read(package, path)
        await world.unpacked.make_wanted()
    await world.blobs.delete(content_of(package).blob_key)  # nothing reads the tar any more
    assert await world.read(package, "model.bin", 4_499_990, 10) == WEIGHTS[0][-10:]
    for path, data in SMALL.items():
        assert await world.read(package, path) == data


async def test_bytes_that_are_gone_or_damaged_are_made_again(world: World) -> None:
    package = await world.publish(archives()[0])
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    (key,) = await world.unpacked_keys()
    await world.blobs.delete(key)
    assert await world.read(package, "model.bin") == WEIGHTS[0]
    assert await world.unpacked_keys() == []
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    (record,) = [each for each in await world.kept() if each.key.kind is DerivedKind.FILE]
    lease = await world.derived.lease(record.key, token="t", now=world.clock.now(), until=world.clock.now())
    assert lease is not None
    wrong = await world.blobs.put(in_pieces(b"damaged"))
    left = await world.derived.finish(lease, replace(record, blob_key=wrong.key))
    assert left == record.blob_key
    assert await world.housekeeping.scrub() == 1
    assert await world.unpacked_keys() == []


async def test_what_unpacks_to_too_much_is_not_kept(world: World) -> None:
    package = await world.publish(zipped({"zeros": bytes(12_000_000)}))
    assert await world.read(package, "zeros", 5_000_000, 10) == bytes(10)
    await world.unpacked.make_wanted()
    assert await world.unpacked_keys() == []


async def test_what_is_unpacked_counts_against_no_quota(world: World) -> None:
    package = await world.publish(archives()[0])
    before = await world.stores.usage.stored_bytes(package.created_by)
    assert before == content_of(package).size
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    assert await world.unpacked_keys()
    assert await world.stores.usage.stored_bytes(package.created_by) == before


async def test_a_backup_may_leave_out_what_is_made_from_contents(world: World) -> None:
    """Restored are all records and the bytes of packages; then all is as it was, redirects included."""
    packages = [await world.publish(archives()[form]) for form in (0, 2, 4)]
    for package in packages:
        await world.read(package, "model.bin")
        await world.unpacked.make_wanted()
    kept = {content_of(package).blob_key for package in packages}
    for key in [blob.key async for blob in world.blobs.list_blobs() if blob.key not in kept]:
        await world.blobs.delete(key)
    async with process(world.stores) as restored:
        for package, form in zip(packages, (0, 2, 4), strict=True):
            content, weights = content_of(package), WEIGHTS[0 if form < 3 else 1]
            manifest = await restored.files.manifest(content, user="ann")
            entry = manifest.find("model.bin")
            assert entry is not None
            for is_made in (False, True):
                url = await restored.files.presign(content, manifest, entry, filename="f", media_type="m")
                assert url is not None or not is_made or not world.stores.redirects
                if url is not None:
                    async with httpx.AsyncClient(trust_env=False) as client:
                        assert (await client.get(url)).content == weights
                assert await restored.read(package, "model.bin", 4_000_000, 9) == weights[4_000_000:4_000_009]
                assert await restored.read(package, "small/123.txt") == SMALL["small/123.txt"]
                await restored.unpacked.make_wanted()
        assert await restored.housekeeping.scrub() == 0


async def test_a_backup_of_blobs_alone_leaves_nothing_behind(world: World) -> None:
    """Bytes that were made after the records were copied belong to nothing."""
    package = await world.publish(archives()[2])
    await world.read(package, "model.bin")
    await world.unpacked.make_wanted()
    for record in await world.kept():
        await world.derived.remove(record)
    async with process(world.stores) as restored:
        await restored.sweep()
        assert [blob.key async for blob in world.blobs.list_blobs()] == [content_of(package).blob_key]
        assert await restored.read(package, "model.bin", 10, 10) == WEIGHTS[0][10:20]


class _Killed(BaseException):
    """The process ends here."""


@contextmanager
def dying(world: World) -> Iterator[None]:
    """The process ends once it has stored a blob, or is about to delete one."""
    put, copy, delete = world.blobs.put, world.blobs.copy_range, world.blobs.delete

    async def dying_put(source: AsyncIterator[bytes]) -> StoredBlob:
        await put(source)
        raise _Killed

    async def dying_copy(key: str, *, offset: int, length: int) -> str | None:
        if await copy(key, offset=offset, length=length) is None:
            return None
        raise _Killed

    async def dying_delete(key: str) -> None:
        raise _Killed

    world.blobs.put, world.blobs.copy_range, world.blobs.delete = (  # type: ignore[method-assign]
        dying_put,
        dying_copy,
        dying_delete,
    )
    try:
        with suppress(_Killed):
            yield
    finally:
        world.blobs.put, world.blobs.copy_range, world.blobs.delete = put, copy, delete  # type: ignore[method-assign]


class Events:
    """What happens to some packages. `live` are those that exist, each with its place among the archives."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._chance = random.Random(seed)  # noqa: S311 (test data)
        self.live: dict[str, tuple[Package, int]] = {}

    async def next(self) -> None:
        """One event, with a process that ends in the middle of it now and then."""
        crash = self._chance.random() < 0.3
        event = self._chance.choice(
            ("publish", "replace", "delete", "read", "read", "read", "unpack", "sweep", "meeting", "claim")
        )
        if event == "publish" or not self.live:
            await self._publish(crash)
        elif event in ("unpack", "sweep"):
            # What is wanted may be of a content that is gone.
            with dying(self._world) if crash else nullcontext(), suppress(NotFound):
                await (self._world.unpacked.make_wanted() if event == "unpack" else self._world.sweep())
        else:
            package, form = self.live[self._chance.choice(sorted(self.live))]
            happens = {
                "replace": self._replace,
                "delete": self._delete,
                "meeting": self._meeting,
                "claim": self._claim,
            }.get(event, self.read)
            await happens(package, form, crash)
        if crash:
            self._world.clock.advance(2 * LEASE)

    async def read(self, package: Package, form: int, _crash: bool = False) -> None:  # noqa: FBT001, FBT002
        weights = WEIGHTS[0 if form < 3 else 1]
        at = self._chance.randrange(len(weights))
        assert await self._world.read(package, "model.bin", at, len(weights) - at) == weights[at:]
        assert await self._world.read(package, "small/123.txt") == SMALL["small/123.txt"]

    async def _publish(self, crash: bool) -> None:  # noqa: FBT001
        form = self._chance.randrange(len(archives()))
        if crash:
            await self._world.store(archives()[form])  # the process ends before the record
            return
        package = await self._world.publish(archives()[form])
        self.live[package.id] = (package, form)

    async def _replace(self, package: Package, _form: int, crash: bool) -> None:  # noqa: FBT001
        form = self._chance.randrange(len(archives()))
        content = await self._world.store(archives()[form])
        if crash and self._chance.random() < 0.5:
            return
        after = replace(package, content=content, revision=package.revision + 1)
        await self._world.stores.packages.replace(after, make_change(package.id), expected_revision=package.revision)
        self.live[package.id] = (after, form)
        if not crash:
            await self._world.blobs.delete(content_of(package).blob_key)
            await self._world.housekeeping.forget(content_of(package))

    async def _delete(self, package: Package, _form: int, crash: bool) -> None:  # noqa: FBT001
        del self.live[package.id]
        await self._world.remove(package, crash=crash)

    async def _meeting(self, package: Package, form: int, crash: bool) -> None:  # noqa: FBT001
        """A process unpacks the file of a package while others delete that and remove what nothing uses."""
        await self.read(package, form)
        met = await asyncio.gather(
            self._world.unpacked.make_wanted(),
            self._delete(package, form, crash),
            self._world.housekeeping.collect(),
            return_exceptions=True,
        )
        assert all(result is None or isinstance(result, (int, NotFound)) for result in met), met

    async def _claim(self, package: Package, _form: int, _crash: bool) -> None:  # noqa: FBT001
        """A process ends while it makes the manifest."""
        key, now = DerivedKey(DerivedKind.MANIFEST, content_of(package).sha256), self._world.clock.now()
        await self._world.derived.lease(key, token="ended", now=now, until=now + LEASE)
        await self._world.blobs.put(in_pieces(b"half a manifest"))
        self._world.clock.advance(2 * LEASE)


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_events_loses_and_leaks_nothing(world: World, seed: int) -> None:
    """Of what exists nothing is lost at any time, and of what does not nothing is left once the sweep has run."""
    events = Events(world, seed)
    for _ in range(30):
        await events.next()
        assert all(record.users for record in await world.kept())
    for package, form in events.live.values():
        await events.read(package, form)
        await world.remove(package, crash=True)
    world.clock.advance(2 * LEASE)
    await world.sweep()
    assert await world.kept() == []
    assert [blob async for blob in world.blobs.list_blobs()] == []
