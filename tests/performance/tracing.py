"""Every SQL statement of a process, told by SQLite itself, and by whom it was asked."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest

_MEASURED: ContextVar[bool] = ContextVar("measured", default=False)
_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "--")


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

    def __init__(self) -> None:
        self._told: Statements | None = None
        self._own_thread = threading.get_ident()

    def listen(self, connection: sqlite3.Connection) -> None:
        """To be called before other threads use the connection.

        Later, this thread would wait with the interpreter's lock for SQLite's, and theirs with SQLite's for the
        interpreter's.
        """
        connection.set_trace_callback(self._note)

    async def quiet(self) -> None:
        """Return once the writer has had nothing to do for a while."""
        while (await self.during(_a_while)).begun("writes", "BEGIN"):
            pass

    async def during(self, ask: Callable[[], Awaitable[object]]) -> Statements:
        """What is asked until `ask` returns."""
        told = self._told = Statements()
        measured = _MEASURED.set(True)
        try:
            await ask()
        finally:
            _MEASURED.reset(measured)
            self._told = None
        return told

    def _note(self, sql: str) -> None:
        told = self._told
        if told is None:
            return
        if threading.get_ident() != self._own_thread:
            told.threads.setdefault(threading.current_thread().name, []).append(sql)
        elif _MEASURED.get():
            told.loop.append(sql)


@contextmanager
def tracing() -> Iterator[Tracer]:
    """Opened before the connections are."""
    tracer, connect = Tracer(), sqlite3.connect

    def listening(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        tracer.listen(connection)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", listening)
        yield tracer
