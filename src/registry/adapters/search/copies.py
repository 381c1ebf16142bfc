"""Copies of the index's file: made while it is used, and put in its place while nobody has it open."""

import asyncio
import fcntl
import hashlib
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TypeVar

from registry.adapters.private_files import PRIVATE_MODE, SQLITE_NEIGHBOURS, keep_private
from registry.adapters.search.file import SCHEMA_VERSION
from registry.domain.errors import Unavailable
from registry.ports.blobs import CHUNK_BYTES
from registry.ports.search_copies import OutgoingCopy

T = TypeVar("T")
_LOOK_SECONDS = 0.1


class SearchFileCopies:
    """Implements `IndexCopies` for the file of `LocalSearchIndex`.

    Each process that has the file open holds a lock on a file beside it, shared with the others; the kernel ends it
    with the process. Who gets the lock alone may replace the file.
    """

    version = SCHEMA_VERSION

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: int | None = None

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def enter(self) -> bool:
        if self._lock is None:
            self._lock = await _run(self._open_lock)
        if _locked(self._lock, fcntl.LOCK_EX):
            return True
        while not _locked(self._lock, fcntl.LOCK_SH):  # noqa: ASYNC110  (the kernel gives no event)
            await asyncio.sleep(_LOOK_SECONDS)  # another process takes a copy in
        return False

    async def open_for_others(self) -> None:
        while self._lock is not None and not _locked(self._lock, fcntl.LOCK_SH):  # noqa: ASYNC110  (as above)
            await asyncio.sleep(_LOOK_SECONDS)

    async def cursor(self) -> str | None:
        return await _run(lambda: _read_state(self._path)[0] if self._path.exists() else None)

    @asynccontextmanager
    async def outgoing(self) -> AsyncIterator[OutgoingCopy]:
        copy = self._path.with_name(f"{self._path.name}.outgoing")
        try:
            await _run(lambda: _copy(self._path, copy))
            _, packages = await _run(lambda: _read_state(copy))
            yield OutgoingCopy(packages, _chunks(copy))
        finally:
            await _run(lambda: _remove(copy))

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator["IncomingFile"]:
        copy = self._path.with_name(f"{self._path.name}.incoming")
        try:
            descriptor = await _run(lambda: os.open(copy, os.O_RDWR | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE))
            try:
                yield IncomingFile(descriptor, copy, self._path)
            finally:
                os.close(descriptor)
        finally:
            await _run(lambda: _remove(copy))

    def _open_lock(self) -> int:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._path.with_name(f"{self._path.name}.lock")
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)


class IncomingFile:
    """Implements `IncomingCopy`: a file beside the index, whose bytes come in any order."""

    def __init__(self, descriptor: int, copy: Path, path: Path) -> None:
        self._descriptor = descriptor
        self._copy = copy
        self._path = path

    async def write(self, offset: int, data: bytes) -> None:
        if await _run(lambda: os.pwrite(self._descriptor, data, offset)) != len(data):
            raise Unavailable("The disk took a part of the search index only.")

    async def accept(self, *, size: int, sha256: str) -> bool:
        return await _run(lambda: self._accept(size, sha256))

    def _accept(self, size: int, sha256: str) -> bool:
        if self._copy.stat().st_size != size:
            return False
        with self._copy.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return False
        if _read_state(self._copy)[0] is None:
            return False
        _remove(self._path)
        self._copy.rename(self._path)
        return True


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _copy(source: Path, copy: Path) -> None:
    """One state of the file. In one step, since a change by another process would begin it again."""
    _remove(copy)
    keep_private(copy)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as made:
        original.backup(made)
        # One file alone, without a log beside it.
        made.execute("PRAGMA journal_mode = DELETE")


def _read_state(path: Path) -> tuple[str | None, int]:
    """The place in the change feed, and the number of packages. None where the file is no filled index of this form."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                return None, 0
            cursor, filled = connection.execute("SELECT cursor, filled FROM state").fetchone()
            (packages,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    except sqlite3.DatabaseError:
        return None, 0
    return (str(cursor), packages) if filled and cursor is not None else (None, packages)


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    file = await _run(lambda: path.open("rb"))
    with file:
        while chunk := await _run(lambda: file.read(CHUNK_BYTES)):
            yield chunk


def _remove(path: Path) -> None:
    for ending in ("", *SQLITE_NEIGHBOURS):
        path.with_name(path.name + ending).unlink(missing_ok=True)


async def _run(work: Callable[[], T]) -> T:
    def translating() -> T:
        with _translated():
            return work()

    return await asyncio.to_thread(translating)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise Unavailable(f"The search index cannot be copied now ({error}).") from error
