"""A process of its own that publishes packages and prints each one's id once it is acknowledged.

python -m tests.unit.sqlite_process PATH PREFIX COUNT
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.domain.errors import PackageExists
from tests.factories import ManualClock, make_change, make_package

AT_ONCE = 16


async def publish(path: Path, prefix: str, total: int) -> None:
    """Publish `total` packages (0: without end), of which every eighth is one that all processes want."""
    database = await SqliteDatabase.open(path)
    store = SqlitePackageStore(database, ManualClock())
    numbers = count()

    async def work() -> None:
        while (number := next(numbers)) < total or not total:
            name = f"shared-{number}" if number % 8 == 0 else f"{prefix}-{number}"
            package = make_package(id=f"{prefix}-{number:06}", name=name, readme="x" * 2000, tags=("a", "b"))
            try:
                await store.add(package, make_change(package.id, id=package.id))
            except PackageExists:
                continue
            sys.stdout.write(package.id + "\n")
            sys.stdout.flush()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(publish(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
