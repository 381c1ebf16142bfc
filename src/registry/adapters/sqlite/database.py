"""A database file as a process uses it: one connection for the event loop, one writer, a few reading threads."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from registry.adapters.private_files import SQLITE_NEIGHBOURS, keep_private
from registry.adapters.sqlite.connections import DatabaseFile
from registry.adapters.sqlite.errors import translate
from registry.adapters.sqlite.first_migrations import Migrations
from registry.adapters.sqlite.migrating import migrate
from registry.adapters.sqlite.schema import RECORDS
from registry.adapters.sqlite.writer import GroupCommitWriter, Operation
from registry.domain.errors import Unavailable

T = TypeVar("T")
Value = str | bytes | int | float | None
Parameters = Sequence[Value] | Mapping[str, Value]


class SqliteDatabase:
    """Shared by all adapters of a process that keep their records in this file."""

    def __init__(self, file: DatabaseFile, *, read_threads: int, max_queued_writes: int) -> None:
        self._file = file
        self._connection = file.connect(writable=False)
        self._writer = GroupCommitWriter(file, max_queued=max_queued_writes)
        self._reading = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._threads = ThreadPoolExecutor(
            read_threads, thread_name_prefix=f"reads {file.path.name}", initializer=self._open_reader
        )
        self._closed = False

    @staticmethod
    async def open(
        path: Path,
        *,
        migrations: Migrations = RECORDS,
        durable: bool = True,
        read_threads: int = 4,
        max_queued_writes: int = 10_000,
        busy_seconds: float = 10.0,
    ) -> "SqliteDatabase":
        """Open the file, made and brought up to date where needed; its folder must exist.

        Waits for other processes for at most `busy_seconds`, here and with every write.

        Raises NewerSchema, and Unavailable when the file cannot be opened or written.
        """
        file = DatabaseFile(path, durable=durable, busy_seconds=busy_seconds)

        def prepare() -> "SqliteDatabase":
            keep_private(path, neighbours=SQLITE_NEIGHBOURS)
            migrate(file, migrations)
            return SqliteDatabase(file, read_threads=read_threads, max_queued_writes=max_queued_writes)

        try:
            return await asyncio.to_thread(prepare)
        except OSError as error:
            raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error
        except sqlite3.Error as error:
            raise translate(error) from error

    async def close(self) -> None:
        """Finish what has been given to the writer and close every connection."""
        self._closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.close()
        self._threads.shutdown()
        for connection in (self._connection, *self._readers):
            connection.close()

    def fetch_one(self, sql: str, parameters: Parameters = ()) -> Any:
        """The only row or None, at once: for the event loop's thread, and for what a few index steps answer."""
        try:
            return self._connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        """All rows, at once: as `fetch_one`, for some dozens of rows."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._translate(error) from error

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` in a thread, all its statements on one state of the database: for what may take over 1 ms."""
        if self._closed:
            raise Unavailable("The record store is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, query)

    async def write(self, operation: Operation[T]) -> T:
        """Run `operation` in a transaction; see `GroupCommitWriter.write`."""
        return await self._writer.write(operation)

    def _translate(self, error: sqlite3.Error) -> Exception:
        return Unavailable("The record store is closed.") if self._closed else translate(error)

    def _open_reader(self) -> None:
        self._reading.connection = self._file.connect(writable=False)
        self._readers.append(self._reading.connection)

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection = self._reading.connection
        try:
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("ROLLBACK")  # nothing was written: this ends the snapshot
        except sqlite3.Error as error:
            raise translate(error) from error
