"""Content that is replaced while it is asked for, and the log of downloads."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.system.ids import UuidSource
from registry.domain.accounts import Caller, Permission, TokenClaims
from registry.domain.downloads import Downloaded
from registry.domain.errors import NotFound, Unavailable
from registry.domain.packages import AuditEntry, Content, Package
from registry.domain.policy import Waiver
from registry.domain.verdicts import PackageSafety
from registry.ports.audit import AuditStore
from registry.ports.downloads import DownloadStore
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.catalog import Catalog
from registry.services.packages.retrieval import DownloadLog, FindRating, Retrieval, Servable
from tests.factories import ManualClock, make_content, make_package

CALLER = Caller("alice", frozenset({Permission.DOWNLOAD}), TokenClaims("token-1", "alice", "e1", 0), "account-1")


class Records:
    """Stands in for `Catalog`: each look finds the next of the records given, the last for ever."""

    def __init__(self, *contents: Content) -> None:
        self._left = [make_package(content=content) for content in contents]

    async def get_judged(
        self, _package_id: str, _caller: Caller, *, quarantined: bool
    ) -> tuple[Package, PackageSafety]:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0], PackageSafety()


class EverythingIsServed:
    """Implements `ServingCheck` and `PolicyCheck`."""

    async def check(self, package: Package, find_rating: FindRating | None = None) -> tuple[Waiver, ...]:
        return ()

    async def check_served(self, package: Package, safety: PackageSafety, caller: Caller) -> None:
        pass


async def stored(blobs: FilesystemBlobStore, data: bytes) -> Content:
    async def source() -> AsyncIterator[bytes]:
        yield data

    blob = await blobs.put(source())
    return make_content(blob_key=blob.key, size=blob.size, sha256=blob.sha256)


async def served(blobs: FilesystemBlobStore, *contents: Content) -> bytes:
    records = Records(*contents)
    retrieval = Retrieval(
        cast("Catalog", records), blobs, log_at(ManualClock()), safety=EverythingIsServed(), policy=EverythingIsServed()
    )

    async def whole(servable: Servable) -> bytes:
        async with retrieval.read(servable.content) as chunks:
            return b"".join([chunk async for chunk in chunks])

    return await retrieval.serve("1", CALLER, whole)


async def test_replaced_content_is_looked_for_anew(tmp_path: Path) -> None:
    blobs = FilesystemBlobStore.open(tmp_path)
    gone = make_content()
    assert await served(blobs, gone, make_content(), await stored(blobs, b"newest")) == b"newest"


class Audit:
    """Stands in for `AuditStore`: takes entries when it is let."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        self.asked.set()
        await self.answers.wait()
        self.entries += entries


class Counts:
    """Stands in for `DownloadStore`."""

    def __init__(self) -> None:
        self.counted: Counter[Downloaded] = Counter()

    async def count(self, counts: Mapping[Downloaded, int]) -> None:
        self.counted.update(counts)


async def test_an_end_while_entries_are_written_loses_none() -> None:
    audit = Audit()
    counts = Counts()
    log = DownloadLog(
        cast("AuditStore", audit), cast("DownloadStore", counts), AuditWriter(ManualClock(), UuidSource())
    )
    running = asyncio.create_task(log.run())
    log.record(make_package(content=make_content()), "alice", whole=True)
    await audit.asked.wait()
    running.cancel()
    audit.answers.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [entry.user for entry in audit.entries] == ["alice"]
    assert counts.counted.total() == 1


async def test_bytes_that_are_lost_are_not_found(tmp_path: Path) -> None:
    blobs = FilesystemBlobStore.open(tmp_path)
    with pytest.raises(NotFound, match="bytes are gone"):
        await served(blobs, make_content())


def log_at(clock: ManualClock) -> DownloadLog:
    return DownloadLog(cast("AuditStore", Audit()), cast("DownloadStore", Counts()), AuditWriter(clock, UuidSource()))


async def test_parts_of_a_minute_share_an_entry_of_their_reader_and_content() -> None:
    clock = ManualClock()
    log, package = log_at(clock), make_package(content=make_content())
    for _ in range(50):
        log.record(package, "alice", whole=False)
    assert log.depth == 1
    log.record(package, "bob", whole=False)
    log.record(replace(package, revision=2), "alice", whole=False)
    log.record(package, None, whole=False)
    assert log.depth == 4
    clock.advance(timedelta(seconds=60))
    log.record(package, "alice", whole=False)
    assert log.depth == 5


async def test_each_whole_download_is_an_entry() -> None:
    log, package = log_at(ManualClock()), make_package(content=make_content())
    for _ in range(3):
        log.record(package, "alice", whole=True)
    log.record(package, "alice", whole=False)
    assert log.depth == 3


async def test_nothing_is_served_while_no_entry_can_be_kept(tmp_path: Path) -> None:
    blobs = FilesystemBlobStore.open(tmp_path)
    content = await stored(blobs, b"bytes")
    log = log_at(ManualClock())
    retrieval = Retrieval(
        cast("Catalog", Records(content)), blobs, log, safety=EverythingIsServed(), policy=EverythingIsServed()
    )
    servable = await retrieval.find_content("1", CALLER)
    for _ in range(10_000):
        retrieval.record_download(servable, CALLER, whole=True)
    with pytest.raises(Unavailable, match="recorded"):
        await retrieval.find_content("1", CALLER)
