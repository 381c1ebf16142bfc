"""Several real processes on one file, and one that is killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.domain.listing import PackageFilter
from tests.conformance.package_listing import walk_packages
from tests.factories import ManualClock, ids, make_change, make_package

PROJECT = Path(__file__).parents[2]


async def start(path: Path, prefix: str, total: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.unit.sqlite_process", str(path), prefix, str(total)),
        stdout=PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}"},
    )


async def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    processes = await asyncio.gather(*(start(path, prefix, 160) for prefix in ("one", "two")))
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    acknowledged = [set(output.decode().split()) for output, _ in outputs]

    assert [process.returncode for process in processes] == [0, 0]
    database = await SqliteDatabase.open(path)
    store = SqlitePackageStore(database, ManualClock())
    items = await walk_packages(store, PackageFilter(tag="a"), limit=100)
    assert sorted(ids(items)) == sorted(acknowledged[0] | acknowledged[1])
    assert len(items) == 2 * 140 + 20
    assert database.fetch_one("PRAGMA integrity_check") == ("ok",)
    await database.close()


async def test_acknowledged_changes_survive_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    process = await start(path, "one", 0)
    assert process.stdout is not None
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(100)]
    process.kill()
    rest, _ = await process.communicate()
    acknowledged += rest.decode().rpartition("\n")[0].split()

    database = await SqliteDatabase.open(path)
    store = SqlitePackageStore(database, ManualClock())
    listed = set(ids(await walk_packages(store, PackageFilter(tag="a"), limit=200)))
    assert set(acknowledged) <= listed
    assert len(acknowledged) >= 100
    for table, column in (("audit", "package_id"), ("changes", "package_id"), ("packages", "id")):
        rows = database.fetch_all(f"SELECT {column} FROM {table}")  # noqa: S608 - fixed names
        assert {row[0] for row in rows} == listed, table
    assert database.fetch_one("PRAGMA integrity_check") == ("ok",)
    package = make_package()
    await store.add(package, make_change(package.id))
    assert await store.get(package.id) == package
    await database.close()
