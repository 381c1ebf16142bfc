"""What owners cost in a publish with SQLite: the store alone, in alternating rounds with and without the checks.

CPU time of this process. Without them a publish looks at no owner and no retired version, and makes no name.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import Row
from bench.servers import data_folder
from bench.suites import Options
from registry.adapters.sqlite import package_writing
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource
from registry.domain.packages import AuditAction, AuditEntry, Change, Content, Package, PackageStatus, PackageType
from registry.domain.versions import Version

_AT_ONCE = 16
_KINDS: dict[str, Callable[[int], tuple[str, str]]] = {
    "a further version": lambda number: ("acme/model", f"1.0.{number}"),
    "a new name": lambda number: (f"acme/model-{number}", "1.0.0"),
    "a new namespace": lambda number: (f"space-{number}/model", "1.0.0"),
}
"""Name and version of the package with a number."""
_ids = UuidSource()


def rows(options: Options) -> Iterator[Row]:
    rounds, count = (5, 320) if options.quick else (15, 1_600)
    for kind, named in _KINDS.items():
        with data_folder() as folder:
            yield asyncio.run(_measure(folder, kind, named, rounds, count))


async def _measure(folder: Path, kind: str, named: Callable[[int], tuple[str, str]], rounds: int, count: int) -> Row:
    database = await SqliteDatabase.open(folder / "registry.db", durable=False)
    store, numbers = SqlitePackageStore(database, SystemClock()), itertools.count()
    checked, unchecked = [], []
    try:
        await _publish(store, named, numbers, count)
        for _ in range(rounds):
            with _without_checks():
                unchecked.append(await _publish(store, named, numbers, count))
            checked.append(await _publish(store, named, numbers, count))
    finally:
        await database.close()
    name = f"publish of {kind}, in the store"
    return Row.beside(checked, unchecked, suite="owners", name=name, unit="µs CPU", baseline_name="without the checks")


async def _publish(
    store: SqlitePackageStore, named: Callable[[int], tuple[str, str]], numbers: Iterator[int], count: int
) -> float:
    """CPU of one publish, in microseconds."""
    packages = [_package(*named(next(numbers))) for _ in range(count)]
    began = time.process_time()
    for first in range(0, count, _AT_ONCE):
        await asyncio.gather(*(store.add(each, _change(each)) for each in packages[first : first + _AT_ONCE]))
    return (time.process_time() - began) / count * 1e6


@contextlib.contextmanager
def _without_checks() -> Iterator[None]:
    kept = {name: getattr(package_writing, name) for name in ("claim_names", "check_bytes")}
    for name in kept:
        setattr(package_writing, name, _nothing)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(package_writing, name, function)


def _nothing(*_: Any) -> list[Package]:
    return []


def _package(name: str, version: str) -> Package:
    id_, now = _ids.new_id(), datetime.now(UTC)
    content = Content(size=1_024, sha256="0" * 64, media_type="application/zip", filename="a.zip", blob_key=id_)
    return Package(
        id=id_,
        name=name,
        version=Version.parse(version),
        type=PackageType.MODEL,
        status=PackageStatus.ACTIVE,
        created_by="admin",
        created_at=now,
        updated_at=now,
        content=content,
    )


def _change(package: Package) -> Change:
    entry = AuditEntry(_ids.new_id(), package.id, package.created_at, "admin", AuditAction.CREATE, 1, "0" * 64)
    return Change(audit=entry, principal="admin")
