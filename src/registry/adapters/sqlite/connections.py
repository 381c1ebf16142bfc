"""Opening SQLite files the way every connection of the registry needs them."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from registry.adapters.sqlite.errors import is_busy

_RETRY_SECONDS = 0.001
"""SQLite's own busy handler sleeps up to 100 ms between looks, in which a busy neighbour commits 30 times."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A database file. Not `durable`: a crash of the machine (not of a process) may lose the last commits."""

    path: Path
    durable: bool
    busy_seconds: float

    def connect(self, *, writable: bool) -> sqlite3.Connection:
        """A connection in autocommit mode that any one thread at a time may use."""
        connection = sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            # In WAL mode readers wait only while a process that starts prepares the file or recovers a log.
            timeout=self.busy_seconds,
        )
        connection.execute(f"PRAGMA synchronous={'FULL' if self.durable else 'OFF'}")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA wal_autocheckpoint=4000")  # a group of 256 packages touches thousands of pages
        connection.execute("PRAGMA journal_size_limit=67108864")
        if writable:
            connection.execute("PRAGMA busy_timeout=0")  # waits by `retry_while_busy`
        else:
            connection.execute("PRAGMA query_only=ON")
            # 10 µs instead of 21 for a package that is not in the page cache, among 100,000. Nothing shrinks the file.
            connection.execute("PRAGMA mmap_size=1073741824")
        return connection

    def retry_while_busy(self, action: Callable[[], object]) -> None:
        """Repeat `action` until no other process is in its way, for at most `busy_seconds`."""
        deadline = time.monotonic() + self.busy_seconds
        while True:
            try:
                action()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return
