"""How soon a new host can search: by a snapshot of another one's index, from a blob store on this disk.

With S3 the time of the network comes on top: the size is beside each row. "ready" is the whole from an empty folder:
the snapshot is read, compared with its SHA-256, put in place, and all names are read into memory. No changes follow.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from bench import corpus
from bench.report import Measured, Row
from bench.search import fill
from bench.suites import Options
from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.adapters.search.copies import SearchFileCopies
from registry.adapters.search.file import SearchFile
from registry.adapters.search.index import LocalSearchIndex
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.upgrades import SqliteUpgradeStore
from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource
from registry.domain.listing import PackageFilter
from registry.domain.packages import Package
from registry.ports.changes import ChangePage
from registry.ports.packages import SummaryPage
from registry.services.maintenance.leases import RegularWork
from registry.services.search.indexing import IndexFollower
from registry.services.search.snapshots import IndexSnapshots

_SIZES = ((100_000, True), (1_000_000, False))
_QUICK_SIZES = ((10_000, True), (100_000, False))
_GOAL_SECONDS = 30.0
_ROUNDS = 3


class _NoChanges:
    """Records in which nothing happens: a `ChangeFeed`, and `IndexedRecords` that are never asked."""

    async def latest(self) -> str:
        return "0"

    async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:  # noqa: ARG002
        return ChangePage(after, ())

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        raise NotImplementedError

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        raise NotImplementedError


def rows(options: Options) -> Iterator[Row]:
    """Most of the time goes into filling the index."""
    for size, with_readmes in _QUICK_SIZES if options.quick else _SIZES:
        with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
            (Path(folder) / "one").mkdir()
            file = SearchFile(Path(folder) / "one" / "search.db")
            file.prepare()
            fill(file, corpus.packages(size, with_readmes=with_readmes))
            file.close()
            yield from asyncio.run(_measure(Path(folder), size, with_readmes=with_readmes))


async def _measure(folder: Path, size: int, *, with_readmes: bool) -> list[Row]:
    records, blobs = _NoChanges(), FilesystemBlobStore.open(folder / "blobs")
    database = await SqliteDatabase.open(folder / "registry.db")
    regular = RegularWork(SqliteUpgradeStore(database), clock=SystemClock(), ids=UuidSource())

    def snapshots(copies: SearchFileCopies) -> IndexSnapshots:
        day = timedelta(days=1)
        return IndexSnapshots(copies, records, blobs, regular, every=day, is_ready=lambda: True)

    async def become_ready() -> None:
        shutil.rmtree(folder / "other", ignore_errors=True)
        path = folder / "other" / "search.db"
        index, copies = LocalSearchIndex(path), SearchFileCopies(path)
        await snapshots(copies).restore()
        await index.open()
        follower = IndexFollower(records, records, index)
        await follower.catch_up()
        assert index.state().packages == size
        await index.close()
        copies.close()

    try:
        made, made_cost = await _times(snapshots(SearchFileCopies(folder / "one" / "search.db")).make_if_due)
        rounds = [await _times(become_ready) for _ in range(_ROUNDS)]
        megabytes = sum([blob.size async for blob in blobs.list_blobs()]) / 1e6
    finally:
        await database.close()
        blobs.close()
    ready, cost = (Measured.of(each) for each in zip(*rounds, strict=True))
    subject = f"({size:,} packages, {'READMEs of 4 KB' if with_readmes else 'no READMEs'})"
    return [
        Row("snapshot", f"its size {subject}", megabytes, "MB", 0.0),
        Row("snapshot", f"make it {subject}", made, "s", 0.0, note=_note(made_cost)),
        Row(
            "snapshot",
            f"ready from it {subject}",
            ready.value,
            "s",
            ready.spread,
            goal=_GOAL_SECONDS,
            note=_note(cost.value),
        ),
    ]


async def _times(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    began, cost = time.monotonic(), time.process_time()
    await work()
    return time.monotonic() - began, time.process_time() - cost


def _note(cost: float) -> str:
    return f"{cost:.2f} s of it CPU"
