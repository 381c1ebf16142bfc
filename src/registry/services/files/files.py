"""The files of a package: what there are, and the bytes of each. For every route and page that serves files."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from itertools import chain

from registry.domain.errors import NotFound, Unavailable
from registry.domain.packages import Content
from registry.domain.recent import Recent
from registry.formats.archives.roles import Role
from registry.formats.manifests.entries import SINGLE, FileEntry, Manifest
from registry.formats.part_zips import PartZip, Stretch
from registry.ports.blobs import BlobStore
from registry.services.files.manifests import RETRY_AFTER_SECONDS, Manifests
from registry.services.files.opening import open_file, open_stored
from registry.services.files.unpacked import Unpacked, UnpackedFiles

_GATHERED_BYTES = 256 * 1024
_MOST_SEEN = 10_000
_PATIENCE_SECONDS = 25.0
"""Below the half minute after which proxies give up on a silent answer."""


class PackageFiles:
    """Whether the caller may have the content was checked before: see `Retrieval.serve`."""

    def __init__(self, manifests: Manifests, unpacked: UnpackedFiles, blobs: BlobStore, *, redirects: bool) -> None:
        """`redirects`: the blob store can serve clients itself."""
        self._manifests = manifests
        self._unpacked = unpacked
        self._redirects = redirects
        self._blobs = blobs
        self._seen = Recent[str, None](_MOST_SEEN)

    async def find_manifest(self, content: Content, *, user: str, wait_seconds: float = 0) -> Manifest | None:
        """The files of the package's content, None when the manifest is still being made after `wait_seconds`.

        `user` is whose content it is. Raises ArchiveUnreadable, Unavailable.
        """
        return await self._manifests.get(content, user=user, wait_seconds=wait_seconds)

    async def manifest(self, content: Content, *, user: str) -> Manifest:
        """The files of the package's content, waited for. Raises ArchiveUnreadable, Unavailable."""
        found = await self.find_manifest(content, user=user, wait_seconds=_PATIENCE_SECONDS)
        if found is None:
            raise Unavailable(
                "The list of the package's files is being made. Try again.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        return found

    async def part(self, manifest: Manifest, role: Role) -> PartZip:
        """A zip of all files that count as this part. Raises NotFound when there are none."""
        zipped = await asyncio.to_thread(_zip_of, manifest, role)
        if zipped is None:
            raise NotFound(f"No file of the package counts as {role.value}. GET /package/{{id}}/files lists them.")
        return zipped

    @asynccontextmanager
    async def open_part(
        self, content: Content, manifest: Manifest, zipped: PartZip, *, offset: int, length: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """`length` bytes of the zip from `offset` on. Entering raises NotFound where the content is gone."""
        async with aclosing(self._part_chunks(content, manifest, zipped.read(offset, length))) as chunks:
            first = await anext(chunks, b"")

            async def primed() -> AsyncIterator[bytes]:
                if first:
                    yield first
                async for chunk in chunks:
                    yield chunk

            yield primed()

    async def _part_chunks(
        self, content: Content, manifest: Manifest, stretches: Iterator[Stretch]
    ) -> AsyncGenerator[bytes, None]:
        gathered = bytearray()
        # A late range passes by the headers of all files before it: 200,000 take more than a second.
        first = await asyncio.to_thread(next, stretches, None)
        for stretch in chain(() if first is None else (first,), stretches):
            if stretch.data is not None:
                gathered += stretch.data
            elif stretch.entry is not None:
                opening = self.open(content, manifest, stretch.entry, offset=stretch.offset, length=stretch.length)
                async with opening as chunks:
                    async for chunk in chunks:
                        gathered += chunk
                        if len(gathered) >= _GATHERED_BYTES:
                            yield bytes(gathered)
                            gathered.clear()
        if gathered:
            yield bytes(gathered)

    @asynccontextmanager
    async def open(
        self, content: Content, manifest: Manifest, entry: FileEntry, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """`length` bytes (None: the rest) of a file from `offset` on, both inside the file, in chunks of a MiB at most.

        Entering the context raises NotFound where the content is gone.
        """
        length = entry.size - offset if length is None else length
        async with AsyncExitStack() as stack:
            found = await self._unpacked.find(content, manifest, entry) if length else None
            if found is not None:
                opening = open_stored(self._blobs, found.blob_key, found.place, offset=offset, length=length)
                try:
                    chunks = await stack.enter_async_context(opening)
                except NotFound:
                    await self._unpacked.lose(found)
                    found = None
            if found is None:
                opening = open_file(self._blobs, content, manifest.container, entry, offset=offset, length=length)
                chunks = await stack.enter_async_context(opening)
            yield chunks

    async def presign(
        self, content: Content, manifest: Manifest, entry: FileEntry, *, filename: str, media_type: str
    ) -> str | None:
        """A URL that serves the file without this service; None where the store cannot, or it has no blob (yet)."""
        if manifest.container == SINGLE:
            return await self._blobs.presign_download(content.blob_key, filename=filename, media_type=media_type)
        if not self._redirects:
            return None
        found = await self._unpacked.find_whole(content, manifest, entry)
        if found is None or not await self._is_there(found):
            return None
        return await self._blobs.presign_download(found.blob_key, filename=filename, media_type=media_type)

    async def _is_there(self, found: Unpacked) -> bool:
        """Whether the blob is where its record says, which a restored backup may lack; looked at once in a process."""
        if found.blob_key in self._seen:
            return True
        try:
            async with self._blobs.read(found.blob_key, length=1):
                self._seen.put(found.blob_key, None)
                return True
        except NotFound:
            await self._unpacked.lose(found)
            return False


def _zip_of(manifest: Manifest, role: Role) -> PartZip | None:
    entries = [entry for entry in manifest.entries() if entry.part is role]
    return PartZip(entries) if entries else None
