"""The blob store in a folder.

    <root>/<first two characters of the key>/<key>          a blob
    <root>/<first two characters of the key>/<key>.parts    which parts of it are there, while an upload is open

Files are written under their final names: a key is unknown to everybody until `put` returns, and counts from when a
record names it, so a rename would add a system call and no safety.
"""

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from registry.adapters.filesystem.blob_folder import KEY, BlobFolder
from registry.adapters.filesystem.files import BlobWriter, Write
from registry.adapters.filesystem.folders import SHARDS, Fsync, check_folder
from registry.adapters.filesystem.journals import JOURNAL_SUFFIX, journal_of, journaled
from registry.adapters.filesystem.part_files import is_sealed
from registry.adapters.filesystem.reading import Reading, ReadMemory
from registry.adapters.filesystem.small_blobs import SMALL_BYTES, SmallBlob, SmallBlobs
from registry.ports.blobs import CHUNK_BYTES, BlobInfo, StoredBlob

_THREADS = 16
_READ_MEMORY_BYTES = 64 * 1024 * 1024
_PUTS_PER_SHARD = 64
"""Puts of one moment go to one folder, so that one fsync can acknowledge many; then it is the next folder's turn."""


class FilesystemBlobStore:
    """`BlobStore` on a local disk. Several processes may share the folder; `close` ends this one's threads."""

    def __init__(self, folder: BlobFolder, *, memory: ReadMemory, write: Write) -> None:
        """Use `open`. `write` is the system call: tests let it fail."""
        self._folder = folder
        self._memory = memory
        self._write = write
        self._small = SmallBlobs(folder.folder_sync, folder.threads)
        self._put_numbers = itertools.count(secrets.randbelow(len(SHARDS)) * _PUTS_PER_SHARD)
        self._key_ends = _random_key_ends()

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        read_memory_bytes: int = _READ_MEMORY_BYTES,
        fsync: Fsync = os.fsync,
        write: Write = os.write,
    ) -> Self:
        """The store in `root`, which is created when missing. Blocks for some ms. Raises Unavailable.

        Readers hold about `read_memory_bytes` together (see ReadMemory).
        """
        folder = BlobFolder.open(root, threads=_THREADS, name="blobs", fsync=fsync)
        return cls(folder, memory=ReadMemory(total_bytes=read_memory_bytes), write=write)

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._small.close()
        self._folder.close()

    async def ping(self) -> None:
        await self._folder.run(lambda: check_folder(self._folder.root))

    async def put(self, source: AsyncIterator[bytes]) -> StoredBlob:
        threads, key = self._folder.threads, self._new_key()
        writer = BlobWriter(
            self._folder.shard(key),
            key,
            folder_sync=self._folder.folder_sync,
            fsync=self._folder.fsync,
            write=self._write,
        )
        running: Future[Any] | None = None
        small: SmallBlob | None = None
        try:
            gathered = bytearray()
            async for chunk in source:
                if gathered and len(gathered) + len(chunk) > CHUNK_BYTES:
                    if running is not None:
                        await asyncio.wrap_future(running)
                    running = threads.submit(writer.append, gathered)
                    gathered = bytearray()
                gathered += chunk
            if running is None and len(gathered) <= SMALL_BYTES:
                small = self._small.finish(writer, gathered)
                return await small.future
            if running is not None:
                await asyncio.wrap_future(running)
            finishing = running = threads.submit(writer.finish, gathered)
            return await asyncio.wrap_future(finishing)
        except BaseException:
            after = running if small is None else self._small.end_of(small)
            # A second cancellation ends the waiting, not the work.
            await asyncio.shield(asyncio.wrap_future(_discard(writer, after=after, threads=threads)))
            raise

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        path, threads = self._folder.path(key), self._folder.threads
        reading = await Reading.open(path, threads, self._memory, offset=offset, length=length)
        try:
            yield reading.chunks()
        finally:
            reading.close()

    async def delete(self, key: str) -> None:
        blob = key.removesuffix(JOURNAL_SUFFIX)
        if KEY.fullmatch(blob):
            path = self._folder.path(blob)
            await self._folder.run(lambda: _unlink(path, journal_only=blob != key))

    async def list_blobs(self, *, since: datetime | None = None) -> AsyncIterator[BlobInfo]:
        for shard in SHARDS:
            for info in await self._folder.run(partial(_list_folder, self._folder.root / shard)):
                if since is None or info.modified_at >= since:
                    yield info

    async def copy_range(self, key: str, *, offset: int, length: int) -> str | None:  # noqa: ARG002
        return None

    async def presign_download(self, key: str, *, filename: str, media_type: str) -> str | None:  # noqa: ARG002
        return None

    def _new_key(self) -> str:
        shard = SHARDS[next(self._put_numbers) // _PUTS_PER_SHARD % len(SHARDS)]
        return shard + next(self._key_ends)


def _random_key_ends() -> Iterator[str]:
    """30 hex digits each, 64 times to a system call: each lets another thread have the interpreter."""
    while True:
        digits = secrets.token_hex(15 * 64)
        yield from (digits[place : place + 30] for place in range(0, len(digits), 30))


def _discard(writer: BlobWriter, *, after: Future[Any] | None, threads: ThreadPoolExecutor) -> Future[None]:
    """Leave nothing behind once `after` has ended. No thread waits for that: what ends it may need them all."""
    if after is None:
        return threads.submit(writer.discard)
    discarded = Future[None]()

    def discard() -> None:
        writer.discard()
        discarded.set_result(None)

    after.add_done_callback(lambda _: threads.submit(discard))
    return discarded


def _unlink(blob: Path, *, journal_only: bool) -> None:
    if not journal_only:
        blob.unlink(missing_ok=True)
    journal_of(blob).unlink(missing_ok=True)


def _list_folder(folder: Path) -> list[BlobInfo]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not KEY.fullmatch(entry.name) and not _is_left_journal(entry):
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
