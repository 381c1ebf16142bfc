"""Uploads in parts, in the blob store's folder.

An upload's file has its final name from the start and every part is written at its place in it, so that completing
copies nothing: the file is sealed, read once for its digest, and is the blob.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

from registry.adapters.filesystem.blob_folder import BlobFolder
from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.files import FILE_MODE
from registry.adapters.filesystem.folders import Fsync
from registry.adapters.filesystem.journals import PartJournal
from registry.adapters.filesystem.part_files import PartWriter, WriteAt, check_open, digest_of, set_sealed
from registry.domain.errors import UploadIncomplete
from registry.ports.blobs import CHUNK_BYTES, StoredBlob
from registry.ports.parts import StoredPart

_THREADS = 8
_DIGEST_THREADS = 2
"""Reading whole files takes long and all the CPU it gets: apart from the others, so that these go on."""


class FilesystemPartStore:
    """`PartStore` beside a `FilesystemBlobStore` of the same root. `close` ends its threads."""

    def __init__(self, folder: BlobFolder, *, write_at: WriteAt = os.pwrite) -> None:
        """Use `open`. `write_at` is the system call: tests let it fail."""
        self._folder = folder
        self._write_at = write_at
        self._digest_threads = ThreadPoolExecutor(_DIGEST_THREADS, thread_name_prefix="digests")

    @classmethod
    def open(cls, root: Path, *, fsync: Fsync = os.fsync, write_at: WriteAt = os.pwrite) -> Self:
        """The store in `root`, which is created when missing. Blocks for some ms. Raises Unavailable."""
        return cls(BlobFolder.open(root, threads=_THREADS, name="parts", fsync=fsync), write_at=write_at)

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._folder.close()
        self._digest_threads.shutdown(cancel_futures=True)

    async def begin(self) -> str:
        key = secrets.token_hex(16)
        await self._folder.run(lambda: self._begin(self._folder.path(key)))
        return key

    def _begin(self, path: Path) -> None:
        with translated():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE))
            self._journal(path).create()
            self._folder.folder_sync.sync(path.parent)

    async def put_part(
        self, key: str, number: int, source: AsyncIterator[bytes], *, offset: int, size: int
    ) -> StoredPart:
        path = self._folder.path(key)
        await self._folder.run(lambda: self._replace(path, number))
        writer = PartWriter(path, offset=offset, size=size, fsync=self._folder.fsync, write_at=self._write_at)
        running: Future[None] | None = None
        try:
            gathered = bytearray()
            async for chunk in source:
                if gathered and len(gathered) + len(chunk) > CHUNK_BYTES:
                    if running is not None:
                        await asyncio.wrap_future(running)
                    running = self._folder.threads.submit(writer.append, gathered)
                    gathered = bytearray()
                gathered += chunk
            if running is not None:
                await asyncio.wrap_future(running)
            etag = await self._folder.run(lambda: writer.finish(gathered))
        except BaseException:
            # What a cancelled caller leaves in a thread writes to its own part only, which is not there any more.
            if running is not None:
                running.cancel()
            raise
        part = StoredPart(number, size, etag)
        await self._folder.run(lambda: self._journal(path).note(part))
        return part

    def _replace(self, path: Path, number: int) -> None:
        """The part is not there from the moment that its bytes may change."""
        journal = self._journal(path)
        if number in journal.read():
            check_open(path)
            journal.forget(number)

    async def list_parts(self, key: str) -> Sequence[StoredPart]:
        path = self._folder.path(key)
        parts = await self._folder.run(lambda: self._journal(path).read())
        return [parts[number] for number in sorted(parts)]

    async def presign_part(self, key: str, number: int, *, size: int, expires_at: datetime) -> str | None:  # noqa: ARG002
        return None

    @asynccontextmanager
    async def complete(self, key: str, parts: Sequence[StoredPart]) -> AsyncIterator[StoredBlob]:
        path = self._folder.path(key)
        with ExitStack() as held:
            await self._folder.run(lambda: held.enter_context(self._journal(path).turn()))
            await self._folder.run(lambda: self._seal(path, parts))
            digesting = self._digest_threads.submit(lambda: digest_of(path, fsync=self._folder.fsync))
            size, sha256 = await asyncio.wrap_future(digesting)
            yield StoredBlob(key, size, sha256)

    def _seal(self, path: Path, parts: Sequence[StoredPart]) -> None:
        """Fix the bytes. What was joined under the seal is what `parts` says. Raises UploadIncomplete, NotFound."""
        set_sealed(path, sealed=True)
        with translated():
            found = self._journal(path).read()
        missing = [part.number for part in parts if found.get(part.number) != part]
        if missing:
            set_sealed(path, sealed=False)
            raise UploadIncomplete(missing, of=len(parts))

    async def reopen(self, key: str, blob: StoredBlob) -> str:  # noqa: ARG002
        path = self._folder.path(key)
        await self._folder.run(lambda: set_sealed(path, sealed=False))
        return key

    async def finish(self, key: str) -> None:
        path = self._folder.path(key)
        await self._folder.run(lambda: self._journal(path).remove())

    async def abort(self, key: str) -> None:
        path = self._folder.path(key)

        def remove() -> None:
            path.unlink(missing_ok=True)
            self._journal(path).remove()

        await self._folder.run(remove)

    def _journal(self, path: Path) -> PartJournal:
        return PartJournal(path, fsync=self._folder.fsync)
