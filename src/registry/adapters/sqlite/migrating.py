"""Brings a database's schema up to date."""

import sqlite3

from registry.adapters.sqlite.connections import DatabaseFile
from registry.adapters.sqlite.first_migrations import Migrations
from registry.domain.errors import Unavailable


class NewerSchema(Unavailable):
    """The database was written by a newer version of the registry."""


def migrate(file: DatabaseFile, migrations: Migrations) -> None:
    """Bring the file's schema up to date, creating the file where there is none.

    Any number of processes may do this at once: one works, the others wait. Raises NewerSchema.
    """
    connection = file.connect(writable=True)
    try:
        file.retry_while_busy(lambda: connection.execute("PRAGMA journal_mode=WAL"))
        file.retry_while_busy(lambda: connection.execute("BEGIN EXCLUSIVE"))
        _apply(connection, file, migrations)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _apply(connection: sqlite3.Connection, file: DatabaseFile, migrations: Migrations) -> None:
    (seen,) = connection.execute("PRAGMA user_version").fetchone()
    if seen > len(migrations):
        raise NewerSchema(
            f"{file.path} has the schema {seen}, this version of the registry knows {len(migrations)}: "
            "run the newer version, or restore a backup from before it."
        )
    for migration in migrations[seen:]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(migrations)}")
