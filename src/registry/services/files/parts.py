"""Parts of a package's archive: its files, one of them, or all that play one role."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from registry.domain.errors import ArchiveUnreadable, NotFound
from registry.domain.packages import Content
from registry.formats.archives.roles import Role, role_of
from registry.ports.blobs import BlobStore
from registry.services.files.zip_directory import (
    DEFLATED,
    ENCRYPTED_FLAG,
    STORED,
    ZipDirectory,
    ZipEntry,
    read_directory,
)
from registry.services.files.zip_parts import LAYOUT_VERSION, segments
from registry.services.files.zip_streams import inflated_bytes, raw_bytes, zip_bytes

_CONCURRENT_DIRECTORIES = 2
"""A directory of 8 MiB takes 24 MB while it is checked."""


@dataclass(frozen=True, slots=True)
class SubPart:
    """Bytes that can be served: `size` of them, told from others by `tag`, `stream(offset, length)` gives a range."""

    size: int
    tag: str
    stream: Callable[[int, int], AsyncIterator[bytes]]

    @asynccontextmanager
    async def open(self, offset: int, length: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The range. What is wrong with its first bytes is raised on entering."""
        chunks = self.stream(offset, length)
        first = await anext(chunks, b"")

        async def primed() -> AsyncIterator[bytes]:
            if first:
                yield first
            async for chunk in chunks:
                yield chunk

        yield primed()


class SubParts:
    """Reads zips where they are stored: nothing is unpacked as a whole, nothing compressed again."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._turns = asyncio.Semaphore(_CONCURRENT_DIRECTORIES)

    async def list_files(self, content: Content, *, limit: int, after: int) -> tuple[list[ZipEntry], int | None]:
        """The next files from the position `after` on, and the position behind them, None at the end.

        Raises ArchiveUnreadable.
        """
        directory = await self._directory(content)
        found: list[ZipEntry] = []
        for index in range(after, len(directory)):
            entry = directory[index]
            if entry.is_folder:
                continue
            if len(found) == limit:
                return found, index
            found.append(entry)
        return found, None

    async def find_file(self, content: Content, path: str) -> SubPart:
        """One file of the archive, decompressed. Raises NotFound, ArchiveUnreadable."""
        directory = await self._directory(content)
        entry = next((entry for entry in directory if entry.path == path and not entry.is_folder), None)
        if entry is None:
            raise NotFound("There is no file with this path in the package. GET /package/{id}/files lists them.")
        if entry.flags & ENCRYPTED_FLAG:
            raise ArchiveUnreadable("this file is encrypted")
        if entry.method not in (STORED, DEFLATED):
            raise ArchiveUnreadable("this file is compressed by a method other than deflate; download the whole")
        reader = raw_bytes if entry.method == STORED else inflated_bytes

        def stream(offset: int, length: int) -> AsyncIterator[bytes]:
            return reader(self._blobs, content.blob_key, entry, offset=offset, length=length)

        return SubPart(entry.size, _tag(content, "file", path), stream)

    async def find_part(self, content: Content, role: Role) -> SubPart:
        """A zip of the files with this role. Raises NotFound when there are none, ArchiveUnreadable."""
        directory = await self._directory(content)
        indexes = [index for index, entry in enumerate(directory) if _has_role(entry, role)]
        if not indexes:
            raise NotFound(f"No file of the package counts as {role.value}. GET /package/{{id}}/files lists them.")

        def chosen() -> ZipDirectory:
            return directory.chosen(indexes)

        size = await asyncio.to_thread(lambda: sum(segment.size for segment in segments(chosen())))

        def stream(offset: int, length: int) -> AsyncIterator[bytes]:
            return zip_bytes(self._blobs, content.blob_key, segments(chosen()), offset=offset, length=length)

        return SubPart(size, _tag(content, f"part {LAYOUT_VERSION}", role.value), stream)

    async def _directory(self, content: Content) -> ZipDirectory:
        async with self._turns:
            return await read_directory(self._blobs, content.blob_key, size=content.size)


def _has_role(entry: ZipEntry, role: Role) -> bool:
    return not entry.is_folder and role_of(entry.path) is role


def _tag(content: Content, kind: str, name: str) -> str:
    return hashlib.sha256(f"{content.sha256}\n{kind}\n{name}".encode()).hexdigest()
