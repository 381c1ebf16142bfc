"""Every SQL statement of a process, told by SQLite itself, and by whom it was asked."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

_MEASURED: ContextVar[bool] = ContextVar("measured", default=False)
_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "--")
_collectors: list[list[sqlite3.Connection]] = []


def _collect(event: str, arguments: tuple[object, ...]) -> None:
    # An audit hook stays for good; without a collector it does nothing.
    if event == "sqlite3.connect/handle":
        for connections in _collectors:
            connection = arguments[0]
            assert isinstance(connection, sqlite3.Connection)
            connections.append(connection)


sys.addaudithook(_collect)


@dataclass(slots=True)
class Statements:
    """`loop`: those of the event loop's connection that the measured request asked itself. `threads`: those of other
    threads meanwhile, by thread: readers, the writer, the search index; background work may be among them."""

    loop: list[str] = field(default_factory=list)
    threads: dict[str, list[str]] = field(default_factory=dict)

    @property
    def all(self) -> list[str]:
        """Without the bookkeeping of transactions."""
        told = [*self.loop, *(sql for statements in self.threads.values() for sql in statements)]
        return [sql for sql in told if not sql.startswith(_BOOKKEEPING)]

    def begun(self, thread: str, word: str) -> int:
        """How many statements of the threads with such a name begin with a word."""
        return sum(
            sql.startswith(word)
            for name, statements in self.threads.items()
            if name.startswith(thread)
            for sql in statements
        )


async def _a_while() -> None:
    await asyncio.sleep(0.15)


class Tracer:
    """Listens to the connections that are opened while it is there."""

    def __init__(self, connections: list[sqlite3.Connection]) -> None:
        self._connections = connections
        self._told = Statements()
        self._own_thread = threading.get_ident()

    async def quiet(self) -> None:
        """Return once the writer has had nothing to do for a while."""
        while (await self.during(_a_while)).begun("writes", "BEGIN"):
            pass

    async def during(self, ask: Callable[[], Awaitable[object]]) -> Statements:
        """What is asked until `ask` returns."""
        self._told = Statements()
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # closed since
                connection.set_trace_callback(self._note)
        measured = _MEASURED.set(True)
        try:
            await ask()
        finally:
            _MEASURED.reset(measured)
        return self._told

    def _note(self, sql: str) -> None:
        if threading.get_ident() != self._own_thread:
            self._told.threads.setdefault(threading.current_thread().name, []).append(sql)
        elif _MEASURED.get():
            self._told.loop.append(sql)


@contextmanager
def tracing() -> Iterator[Tracer]:
    """Opened before the connections are."""
    connections: list[sqlite3.Connection] = []
    _collectors.append(connections)
    try:
        yield Tracer(connections)
    finally:
        _collectors.remove(connections)
