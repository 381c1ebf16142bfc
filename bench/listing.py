"""What a page costs in the store alone, whatever the number of packages: by each filter, at the front and inside.

CPU time of this process, medians of several pages of 50, with the disk cache warm. Every tenth package is rated.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from bench.filling import Filled, fill
from bench.report import Measured, Row
from bench.search import row_name
from bench.servers import data_folder
from bench.suites import Options
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.system.clock import SystemClock
from registry.domain.listing import Order, PackageFilter, name_place, score_place
from registry.domain.packages import PackageType
from registry.domain.versions import VersionRange

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_QUICK_SIZES = (1_000, 10_000)
_PAGE, _RUNS = 50, 15
_RATED_EVERY = 10


def rows(options: Options) -> Iterator[Row]:
    """At each number of packages. Most of the time goes into filling the store."""
    for size in _QUICK_SIZES if options.quick else _SIZES:
        with data_folder() as folder:
            filled = fill(folder, size, rated_every=_RATED_EVERY)
            yield from asyncio.run(_measure(folder, filled, size))


async def _measure(folder: Path, filled: Filled, size: int) -> list[Row]:
    database = await SqliteDatabase.open(folder / "registry.db")
    store, middle = SqlitePackageStore(database, SystemClock()), filled.ids[size // 2]
    cases = {
        "first page": (PackageFilter(), None),
        "in the middle": (PackageFilter(), middle),
        "oldest first": (PackageFilter(order=Order.OLDEST), None),
        "type": (PackageFilter(type=PackageType.MODEL), middle),
        "tag": (PackageFilter(tag="nlp"), middle),
        "owner": (PackageFilter(created_by="admin"), middle),
        "name": (PackageFilter(name=filled.common_name), None),
        "version": (PackageFilter(versions=VersionRange.parse("1.7.0")), None),
        "version range": (PackageFilter(versions=VersionRange.parse("1.7.0-1.8.0")), None),
        "by name": (PackageFilter(order=Order.NAME), name_place(filled.common_name, middle)),
        "by score": (PackageFilter(order=Order.SCORE), score_place(500_000, middle)),
        "net score of 0.5": (PackageFilter(min_net_score=0.5), middle),
        "net score of 0.755": (PackageFilter(min_net_score=0.755), middle),
    }
    try:
        return [await _row(store, name, size, *case) for name, case in cases.items()]
    finally:
        await database.close()


async def _row(store: SqlitePackageStore, name: str, size: int, wanted: PackageFilter, after: str | None) -> Row:
    times = []
    for _ in range(_RUNS + 1):
        began = time.process_time()
        await store.list_page(wanted, limit=_PAGE, after=after)
        times.append((time.process_time() - began) * 1e3)
    measured = Measured.of(times[1:])  # the first warms up
    return Row("listing", row_name(f"page, {name}", size), measured.value, "ms CPU", measured.spread)
