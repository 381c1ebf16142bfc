"""Which packages depend on which, for the question what depends on one."""

import json
import sqlite3
from collections.abc import Sequence

from registry.domain.packages import Package
from registry.ports.search import dependency_target

_END_OF_IDS = "~"
"""Higher than all ids."""


def put_dependencies(connection: sqlite3.Connection, package: Package) -> None:
    """Keep what the package depends on now."""
    drop_dependencies(connection, package.id)
    targets = {dependency_target(dependency.name, dependency.id) for dependency in package.dependencies}
    connection.executemany("INSERT INTO dependencies VALUES (?, ?)", [(target, package.id) for target in targets])


def drop_dependencies(connection: sqlite3.Connection, package_id: str) -> None:
    connection.execute("DELETE FROM dependencies WHERE id = ?", (package_id,))


def list_dependents(
    connection: sqlite3.Connection, targets: Sequence[str], *, limit: int, position: str | None
) -> list[str]:
    """Ids of packages that depend on one of the targets, newest first, after a position (an id)."""
    rows = connection.execute(
        "SELECT DISTINCT id FROM dependencies WHERE target IN (SELECT value FROM json_each(?)) AND id < ? "
        "ORDER BY id DESC LIMIT ?",
        (json.dumps(targets), position or _END_OF_IDS, limit),
    )
    return [package_id for (package_id,) in rows]
