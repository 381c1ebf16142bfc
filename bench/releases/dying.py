"""`registry`, which ends itself by SIGKILL at one step of a release: `python -m bench.releases.dying serve …`.

A step is each write that a release makes: a transaction in DynamoDB; a statement of the one transaction in SQLite. They
have numbers, and those that matter most have names: the steps of `DynamoReleaseStore`, SQLite's COMMIT, and the answer.
RELEASE_STEPS names a folder: its file `die` holds the number or the name of the step before which the process ends, and
a release that comes to its end writes the steps that it had to the file `steps`.
"""

import json
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Action
from registry.adapters.dynamodb.releases import DynamoReleaseStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.releases import SqliteReleaseStore
from registry.adapters.sqlite.writer import Operation
from registry.cli import main
from registry.domain.releases import Release

FOLDER = "RELEASE_STEPS"
_Store = TypeVar("_Store")
_Result = TypeVar("_Result")


class Steps:
    """Counts the steps of the one release that is under way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: str | None = None
        self._numbered = 0
        self._named: list[str] = []

    def begin(self) -> None:
        wanted = self._folder / "die"
        self._last = wanted.read_text() if wanted.exists() else None
        self._numbered = 0
        self._named.clear()

    def write(self) -> None:
        self._reach(str(self._numbered))
        self._numbered += 1

    def reach(self, name: str) -> None:
        self._named.append(name)
        self._reach(name)

    def end(self) -> None:
        self.reach("answer")
        self._last = None
        steps = [*map(str, range(self._numbered)), *self._named]
        (self._folder / "steps").write_text(json.dumps(steps))

    def _reach(self, step: str) -> None:
        if step == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


_RELEASING: ContextVar[bool] = ContextVar("releasing", default=False)


def _count_transactions(steps: Steps) -> None:
    transact = DynamoTable.transact

    async def counted(table: DynamoTable, actions: Sequence[Action]) -> None:
        if _RELEASING.get():
            steps.write()
        await transact(table, actions)

    async def reach(_store: DynamoReleaseStore, name: str) -> None:
        steps.reach(name)

    DynamoTable.transact = counted  # type: ignore[method-assign, assignment]
    DynamoReleaseStore._step = reach  # type: ignore[method-assign, assignment]  # noqa: SLF001
    DynamoReleaseStore.release = _within(steps, DynamoReleaseStore.release)  # type: ignore[method-assign, assignment]


def _count_statements(steps: Steps) -> None:
    write = SqliteDatabase.write

    async def counted(database: SqliteDatabase, operation: Operation[_Result]) -> _Result:
        if not _RELEASING.get():
            return await write(database, operation)

        def see(statement: str) -> None:
            if statement == "COMMIT":
                steps.reach(statement)
            else:
                steps.write()

        def traced(connection: sqlite3.Connection) -> _Result:
            connection.set_trace_callback(see)
            return operation(connection)

        return await write(database, traced)

    SqliteDatabase.write = counted  # type: ignore[method-assign, assignment]
    SqliteReleaseStore.release = _within(steps, SqliteReleaseStore.release)  # type: ignore[method-assign, assignment]


def _within(
    steps: Steps, release: Callable[[_Store, Release], Awaitable[None]]
) -> Callable[[_Store, Release], Awaitable[None]]:
    async def counted(store: _Store, wanted: Release) -> None:
        steps.begin()
        token = _RELEASING.set(True)
        try:
            await release(store, wanted)
        finally:
            _RELEASING.reset(token)
        steps.end()

    return counted


if __name__ == "__main__":
    counting = Steps(Path(os.environ[FOLDER]))
    _count_transactions(counting)
    _count_statements(counting)
    main()
