"""Files with bytes of their own: large files of archives, unpacked once and shared by all contents that hold them.

A large compressed member of a zip is a blob by the SHA-256 of the file. Of a compressed tar, which can only be read
from its start, large files are such blobs, and all that is left of the unpacked tar is one more, the rest: small files
are read out of it. Where the store serves clients itself, large files that are stored get a copy to redirect to.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from registry.domain.errors import RegistryError
from registry.domain.packages import Content
from registry.domain.recent import Recent
from registry.domain.serving_errors import ArchiveUnreadable
from registry.formats.manifests.entries import FileEntry, Manifest, Packing, Place, Run
from registry.formats.manifests.rests import Rest
from registry.ports.blobs import BlobStore, StoredBlob
from registry.ports.derived import DerivedKey, DerivedKind, DerivedRecord, DerivedStore
from registry.services.files.claiming import Claiming
from registry.services.files.opening import Chunks, Cursor, open_file, open_stream

_log = structlog.get_logger(__name__)
LARGE_BYTES = 4 * 1024 * 1024
"""Below, decompressing a file for each request costs less than keeping it twice."""
_LEAST_REST_BYTES = 256 * 1024
_ALWAYS_BYTES = 1024 * 1024 * 1024
_MOST_RATIO = 8
"""Contents that unpack to more than a GiB and eight times their size are decompressed for each request."""
_VERSION = 1
_PLACES = 2
_MOST_RESTS = 16
_MOST_WANTED = 1_000


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Where the bytes of a file are: at `place` in the blob of `record`."""

    record: DerivedRecord
    blob_key: str
    place: Place


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: DerivedKey
    content: Content
    manifest: Manifest
    entry: FileEntry


class UnpackedFiles:
    """What is unpacked is made on the first request for it, in the background; that request is answered without it."""

    def __init__(
        self, store: DerivedStore, blobs: BlobStore, claiming: Claiming, *, always_bytes: int = _ALWAYS_BYTES
    ) -> None:
        """What a content unpacks to is kept up to `always_bytes`, and up to eight times its size."""
        self._store = store
        self._blobs = blobs
        self._claiming = claiming
        self._always_bytes = always_bytes
        self._rests = Recent[str, Rest](_MOST_RESTS)
        self._wanted: dict[DerivedKey, _Wanted] = {}
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue()

    async def find(self, content: Content, manifest: Manifest, entry: FileEntry) -> Unpacked | None:
        """The unpacked bytes of a compressed file; None where they are not kept, or not yet: then they are made."""
        packing = entry.place.packing
        if packing is Packing.STORED or not self._is_moderate(content, manifest):
            return None
        if is_large(entry):
            return await self._find(DerivedKey(DerivedKind.FILE, entry.sha256), content, manifest, entry)
        if packing is Packing.STREAM and manifest.bytes >= _LEAST_REST_BYTES:
            return await self._find(rest_key(content), content, manifest, entry)
        return None

    async def find_whole(self, content: Content, manifest: Manifest, entry: FileEntry) -> Unpacked | None:
        """A blob that is exactly this file, for a redirect; None where there is none (yet)."""
        if not is_large(entry) or not self._is_moderate(content, manifest):
            return None
        return await self._find(DerivedKey(DerivedKind.FILE, entry.sha256), content, manifest, entry)

    async def lose(self, found: Unpacked) -> None:
        """The blob is not there: forget it, so that it is made again."""
        if await self._store.remove(found.record):
            _log.warning("unpacked_file_missing", sha256=found.record.key.sha256)

    async def run(self) -> None:
        """Make what is wanted, until cancelled."""
        await asyncio.gather(*(self._work() for _ in range(_PLACES)))

    async def make_wanted(self) -> None:
        """Make what is wanted by now. Raises what the stores raise."""
        while not self._queue.empty():
            wanted = self._queue.get_nowait()
            try:
                await self._make(wanted)
            finally:
                del self._wanted[wanted.key]

    async def _find(self, key: DerivedKey, content: Content, manifest: Manifest, entry: FileEntry) -> Unpacked | None:
        record = await self._store.find(key)
        if record is None or record.blob_key is None:
            if key not in self._wanted and len(self._wanted) < _MOST_WANTED:
                self._wanted[key] = wanted = _Wanted(key, content, manifest, entry)
                self._queue.put_nowait(wanted)
            return None
        if content.sha256 not in record.users and not await self._store.add_user(key, content.sha256):
            return None
        if is_large(entry):
            return Unpacked(record, record.blob_key, Place(Packing.STORED, (Run(0, 0, entry.size),)))
        return Unpacked(record, record.blob_key, (await self._rest(content, manifest)).place_of(entry))

    def _is_moderate(self, content: Content, manifest: Manifest) -> bool:
        return manifest.bytes <= max(self._always_bytes, _MOST_RATIO * content.size)

    async def _work(self) -> None:
        while True:
            wanted = await self._queue.get()
            try:
                await self._make(wanted)
            except RegistryError as error:
                _log.warning("unpacking_failed", sha256=wanted.content.sha256, reason=str(error))
            except Exception:  # noqa: BLE001 - one content must not hold up the others
                _log.exception("unpacking_broke", sha256=wanted.content.sha256)
            finally:
                del self._wanted[wanted.key]

    async def _make(self, wanted: _Wanted) -> None:
        content, manifest, entry = wanted.content, wanted.manifest, wanted.entry
        if entry.place.packing is not Packing.STREAM:
            await self._keep(wanted.key, content, partial(self._put_file, content, manifest, entry), entry.sha256)
            return
        # One pass over the tar for all large files, or for all the others: a later request may want any of them.
        async with open_stream(self._blobs, content, manifest.container) as cursor:
            if is_large(entry):
                for each in await asyncio.to_thread(_large_files, manifest):
                    (run,) = each.place.runs
                    key = DerivedKey(DerivedKind.FILE, each.sha256)
                    put = partial(self._blobs.put, cursor.take(run.offset, run.length))
                    await self._keep(key, content, put, each.sha256)
            else:
                rest = await self._rest(content, manifest)
                await self._keep(wanted.key, content, partial(self._blobs.put, _taken(cursor, rest)), None)

    async def _put_file(self, content: Content, manifest: Manifest, entry: FileEntry) -> StoredBlob:
        """A blob with the file: copied by the store where its bytes lie in the content as they are."""
        run = entry.place.runs[0]
        if entry.place.packing is Packing.STORED and run.length == entry.size:
            key = await self._blobs.copy_range(content.blob_key, offset=run.offset, length=run.length)
            if key is not None:
                # The manifest's digest is of these bytes, and contents never change. The scrub hashes the copy.
                return StoredBlob(key, entry.size, entry.sha256)
        async with open_file(self._blobs, content, manifest.container, entry, offset=0, length=entry.size) as chunks:
            return await self._blobs.put(chunks)

    async def _rest(self, content: Content, manifest: Manifest) -> Rest:
        rest = self._rests.get(content.sha256)
        if rest is None:
            rest = await asyncio.to_thread(Rest.of, manifest, is_large)
            self._rests.put(content.sha256, rest)
        return rest

    async def _keep(
        self, key: DerivedKey, content: Content, put: Callable[[], Awaitable[StoredBlob]], sha256: str | None
    ) -> None:
        """Store the bytes under the key, unless they are there or another process is about it."""
        async with self._claiming.leased(key) as lease:
            if lease is None:
                return
            if await self._store.add_user(key, content.sha256):
                await self._store.give_back(lease, counted=False)
                return
            stored = await put()
            if sha256 is not None and stored.sha256 != sha256:
                await self._blobs.delete(stored.key)
                raise ArchiveUnreadable("its stored bytes are not those of its manifest")
            record = DerivedRecord(key, frozenset((content.sha256,)), _VERSION, stored.key, stored.sha256)
            left = await self._store.finish(lease, record)
            if left is not None:
                await self._blobs.delete(left)
            _log.info("file_unpacked", sha256=key.sha256, size=stored.size)


def is_large(entry: FileEntry) -> bool:
    """Whether the file gets a blob of its own: sparse ones do not."""
    return entry.size >= LARGE_BYTES and len(entry.place.runs) == 1 and entry.place.runs[0].at == 0


def rest_key(content: Content) -> DerivedKey:
    """Of what is left of an unpacked tar without its large files."""
    return DerivedKey(DerivedKind.FILE, hashlib.sha256(f"rest of {content.sha256}".encode()).hexdigest())


def _large_files(manifest: Manifest) -> list[FileEntry]:
    """In the order of the tar."""
    return sorted(filter(is_large, manifest.entries()), key=lambda entry: entry.place.runs[0].offset)


async def _taken(cursor: Cursor, rest: Rest) -> Chunks:
    for offset, length in rest.spans():
        async for chunk in cursor.take(offset, length):
            yield chunk
