"""The blob store in a folder.

    <root>/<first two characters of the key>/<key>          a blob
    <root>/<first two characters of the key>/<key>.parts    which parts of it are there, while an upload is open

Files are written under their final names: a key is unknown to everybody until `put` returns, and counts from when a
record names it, so a rename would add a system call and no safety.
"""

import asyncio
import itertools
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.files import BlobFile, BlobWriter, Write
from registry.adapters.filesystem.folders import SHARDS, FolderSync, Fsync, check_folder, make_shards
from registry.adapters.filesystem.journals import JOURNAL_SUFFIX, journal_of, journaled
from registry.adapters.filesystem.part_files import is_sealed
from registry.adapters.filesystem.small_blobs import SMALL_BYTES, SmallBlobs
from registry.domain.errors import NotFound
from registry.ports.blobs import CHUNK_BYTES, BlobInfo, StoredBlob

_KEY = re.compile(r"[0-9a-f]{32}")
_THREADS = 16
_PUTS_PER_SHARD = 64
"""Puts of one moment go to one folder, so that one fsync can acknowledge many; then it is the next folder's turn."""

T = TypeVar("T")


class FilesystemBlobStore:
    """`BlobStore` on a local disk. Several processes may share the folder; `close` ends this one's threads."""

    def __init__(self, root: Path, *, fsync: Fsync, write: Write) -> None:
        """Use `open`. `fsync` and `write` are the system calls: tests count them and let them fail."""
        self._root = root
        self._fsync = fsync
        self._write = write
        self._folder_sync = FolderSync(fsync=fsync)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")
        self._small = SmallBlobs(self._folder_sync, self._threads)
        self._put_numbers = itertools.count(secrets.randbelow(len(SHARDS)) * _PUTS_PER_SHARD)
        self._key_ends = _random_key_ends()

    @classmethod
    def open(cls, root: Path, *, fsync: Fsync = os.fsync, write: Write = os.write) -> Self:
        """The store in `root`, which is created when missing. Blocks for some ms. Raises Unavailable."""
        with translated():
            make_shards(root, fsync=fsync)
        return cls(root, fsync=fsync, write=write)

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._small.close()
        self._threads.shutdown()

    async def ping(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, check_folder, self._root)

    async def put(self, source: AsyncIterator[bytes]) -> StoredBlob:
        writer = BlobWriter(
            self._path(self._new_key()), folder_sync=self._folder_sync, fsync=self._fsync, write=self._write
        )
        running: Future[Any] | None = None
        try:
            gathered = bytearray()
            async for chunk in source:
                if gathered and len(gathered) + len(chunk) > CHUNK_BYTES:
                    if running is not None:
                        await asyncio.wrap_future(running)
                    running = self._threads.submit(writer.append, gathered)
                    gathered = bytearray()
                gathered += chunk
            if running is not None:
                await asyncio.wrap_future(running)
            alone = running is not None or len(gathered) > SMALL_BYTES
            finishing = self._threads.submit(writer.finish, gathered) if alone else self._small.finish(writer, gathered)
            running = finishing
            return await asyncio.wrap_future(finishing)
        except BaseException:
            # A second cancellation ends the waiting, not the work.
            await asyncio.shield(asyncio.wrap_future(self._threads.submit(_discard, writer, after=running)))
            raise

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        if not _KEY.fullmatch(key):
            raise NotFound("The stored bytes are gone.")
        opening = self._threads.submit(_Reading, self._path(key), self._threads, offset=offset, length=length)
        try:
            reading = await asyncio.wrap_future(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        try:
            yield reading.chunks()
        finally:
            reading.close()

    async def delete(self, key: str) -> None:
        blob = key.removesuffix(JOURNAL_SUFFIX)
        if _KEY.fullmatch(blob):
            await self._in_thread(_unlink if blob == key else _unlink_file, self._path(key))

    async def list_blobs(self) -> AsyncIterator[BlobInfo]:
        for shard in SHARDS:
            for info in await self._in_thread(_list_folder, self._root / shard):
                yield info

    async def presign_download(self, key: str, *, filename: str, media_type: str) -> str | None:  # noqa: ARG002
        return None

    def _new_key(self) -> str:
        shard = SHARDS[next(self._put_numbers) // _PUTS_PER_SHARD % len(SHARDS)]
        return shard + next(self._key_ends)

    def _path(self, key: str) -> Path:
        return self._root / key[:2] / key

    async def _in_thread(self, call: Callable[[Path], T], path: Path) -> T:
        return await asyncio.wrap_future(self._threads.submit(call, path))


class _Reading:
    """A range of a blob. While a chunk is sent, the next one is read."""

    def __init__(self, path: Path, threads: ThreadPoolExecutor, *, offset: int, length: int | None) -> None:
        """Open the file and read the first chunk: a small read is one hop to a thread. Raises NotFound, Unavailable."""
        self._threads = threads
        self._file = BlobFile(path)
        self._offset = offset
        self._end = self._file.size if length is None else min(self._file.size, offset + length)
        try:
            self._first = self._file.read_at(*self._next_range())
        except BaseException:
            self._file.close()
            raise
        self._ahead = self._read_ahead()

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk, self._first = self._first, b""
        while chunk:
            yield chunk
            chunk = b""  # so that it is free while the next one comes
            if self._ahead is not None:
                chunk = await asyncio.wrap_future(self._ahead)
                self._ahead = self._read_ahead()

    def close(self) -> None:
        """Close the file, as soon as no thread reads from it: another file could get its number."""
        if self._ahead is None:
            self._file.close()
        else:
            self._ahead.add_done_callback(lambda _: self._file.close())

    def _read_ahead(self) -> Future[bytes] | None:
        offset, length = self._next_range()
        return self._threads.submit(self._file.read_at, offset, length) if length else None

    def _next_range(self) -> tuple[int, int]:
        offset = self._offset
        length = max(0, min(CHUNK_BYTES, self._end - offset))
        self._offset += length
        return offset, length


def _random_key_ends() -> Iterator[str]:
    """30 hex digits each, 64 times to a system call: each lets another thread have the interpreter."""
    while True:
        digits = secrets.token_hex(15 * 64)
        yield from (digits[place : place + 30] for place in range(0, len(digits), 30))


def _close_opened(opening: Future[_Reading]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _discard(writer: BlobWriter, *, after: Future[Any] | None) -> None:
    if after is not None:
        wait([after])
    writer.discard()


def _unlink(path: Path) -> None:
    _unlink_file(path)
    _unlink_file(journal_of(path))


def _unlink_file(path: Path) -> None:
    with translated():
        path.unlink(missing_ok=True)


def _list_folder(folder: Path) -> list[BlobInfo]:
    found = []
    with translated(), os.scandir(folder) as entries:
        for entry in entries:
            if not _KEY.fullmatch(entry.name) and not _is_left_journal(entry):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append(BlobInfo(entry.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)))
    return found


def _is_left_journal(entry: os.DirEntry[str]) -> bool:
    """Whether a crash left this journal of parts behind, when its blob was finished already, or removed."""
    if not entry.name.endswith(JOURNAL_SUFFIX):
        return False
    try:
        return is_sealed(journaled(Path(entry.path)).stat())
    except FileNotFoundError:
        return True
