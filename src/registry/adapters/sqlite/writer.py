"""The one thread of a process that writes to a database file.

Operations that arrive while a commit is waiting for the disk go into the next one together: one fsync for all of them
(29,000 rows/s in groups of 50, against 926/s one by one). When one of them fails, the group is undone and done again
with a savepoint for each, so that it takes nothing of the others with it. Nearly always all succeed, and then there is
no savepoint: with one, SQLite copies each page before its first change, into a temporary file where they are many.
"""

import asyncio
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar, cast

from registry.adapters.sqlite.connections import DatabaseFile
from registry.adapters.sqlite.errors import translate
from registry.domain.errors import Unavailable

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

MAX_GROUP = 256


class BatchOperation(ABC):
    """An operation without a result that costs less when it is done together with others of its class."""

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.run_batch(connection, [self])

    @classmethod
    @abstractmethod
    def run_batch(cls, connection: sqlite3.Connection, operations: Sequence[Self]) -> None:
        """Do all of them, in their order; where one fails, raise its error."""


@dataclass(slots=True, eq=False)
class _Job:
    """An operation on its way, and what came of it."""

    operation: Operation[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        if self.future.done():  # the caller has been cancelled
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def _settle_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()


class GroupCommitWriter:
    """Runs operations in the order they are given, many to a commit. Owns its connection and its thread."""

    def __init__(self, file: DatabaseFile, *, max_queued: int) -> None:
        self._file = file
        self._max_queued = max_queued
        self._connection = file.connect(writable=True)
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"writes to {file.path.name}", daemon=True)
        self._thread.start()

    async def write(self, operation: Operation[T]) -> T:
        """Run `operation` in the next transaction; its result once that is durable, or its error.

        `operation` must have no effects but on its connection: it may run twice, the first time undone. A call that is
        cancelled is done whole or not at all. Raises Unavailable when too many wait or the disk refuses.
        """
        if self._closed:
            raise Unavailable("The record store is closed.")
        if self._queue.qsize() >= self._max_queued:
            raise Unavailable("Too many changes wait to be written. Try again.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(operation, future, loop))
        if self._closed:  # meanwhile, by another thread: the operation may be done, and may not
            raise Unavailable("The record store is closed.")
        return await future

    def close(self) -> None:
        """Write what waits, then end. Blocks; the second time does nothing."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while group := self._next_group():
                self._commit([job for job in group if not job.future.cancelled()])
                self._announce(group)
        finally:
            self._connection.close()

    def _next_group(self) -> list[_Job]:
        group: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            group.append(job)
            if len(group) == MAX_GROUP:
                return group
            try:
                job = self._queue.get_nowait()
            except Empty:
                return group
        if group:
            self._queue.put(None)  # the end is for the next round
        return group

    @staticmethod
    def _announce(group: list[_Job]) -> None:
        for loop in {job.loop for job in group}:
            jobs = [job for job in group if job.loop is loop]
            with suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
                loop.call_soon_threadsafe(_settle_all, jobs)

    def _commit(self, jobs: list[_Job]) -> None:
        connection = self._connection
        if not jobs or not self._begin(jobs):
            return
        try:
            if not self._all_succeed(jobs):
                connection.execute("ROLLBACK")
                if not self._begin(jobs):
                    return
                for job in jobs:
                    self._perform(job)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - it is for the caller, and must not end the thread
            # A full disk, for one, undoes the whole transaction: find out whose fault it was.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if len(jobs) == 1:
                jobs[0].error = translate(error)
                return
            for job in jobs:
                self._commit([job])

    def _begin(self, jobs: list[_Job]) -> bool:
        """Whether a transaction has begun; if not, the error is that of all jobs."""
        try:
            self._file.retry_while_busy(lambda: self._connection.execute("BEGIN IMMEDIATE"))
        except sqlite3.Error as error:
            for job in jobs:
                job.error = translate(error)
            return False
        return True

    def _all_succeed(self, jobs: list[_Job]) -> bool:
        """Run the operations; where one of several fails, the transaction has to be undone."""
        connection = self._connection
        try:
            for kind, alike in groupby(jobs, key=lambda job: type(job.operation)):
                if issubclass(kind, BatchOperation):
                    kind.run_batch(connection, [cast("BatchOperation", job.operation) for job in alike])
                else:
                    for job in alike:
                        job.result = job.operation(connection)
        except Exception:  # whose it is, and what it means, is found out when each runs by itself
            if len(jobs) == 1 or not connection.in_transaction:
                raise
            return False
        return True

    def _perform(self, job: _Job) -> None:
        connection = self._connection
        job.result = job.error = None
        connection.execute("SAVEPOINT operation")
        try:
            job.result = job.operation(connection)
        except Exception as error:  # it is for the caller, and must not end the thread
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO operation")
            job.error = translate(error)
        connection.execute("RELEASE operation")
