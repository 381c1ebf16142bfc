"""Manifests: made once for a content, by whichever process leases it first, then read from their blob."""

import asyncio
import contextlib
import hashlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from registry.domain.errors import NotFound, ParsingAborted, RegistryError
from registry.domain.packages import Content
from registry.domain.recent import RecentBytes
from registry.domain.serving_errors import ArchiveUnreadable
from registry.formats.archives.kinds import SNIFF_BYTES
from registry.formats.manifests.entries import SINGLE, Manifest, encode_manifest, single_entry
from registry.formats.manifests.job import READER_VERSION, ManifestReading, is_surely_single, is_tar_name
from registry.ports.blobs import BlobStore
from registry.ports.derived import DerivedKey, DerivedKind, DerivedLease, DerivedRecord, DerivedStore
from registry.services.files.claiming import Claiming
from registry.services.files.reading import ContentReader

_log = structlog.get_logger(__name__)
RETRY_AFTER_SECONDS = 2
MOST_ATTEMPTS = 3
"""A content whose reading ended so many processes is unreadable for this version of the reader."""
_LOOK_SECONDS = (0.02, 0.5)
_PLACES = 2
_MOST_WANTED = 1_000
_SMALL_BYTES = 64 * 1024
_CACHED_BYTES = 32 * 1024 * 1024
"""Manifests that a process keeps: of 200,000 files, or of a hundred packages with 2,000."""


@dataclass(slots=True)
class _Wanted:
    content: Content
    user: str
    done: asyncio.Event


class Manifests:
    def __init__(
        self,
        store: DerivedStore,
        blobs: BlobStore,
        reader: ContentReader,
        claiming: Claiming,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._reader = reader
        self._claiming = claiming
        self._cached = RecentBytes[str, Manifest](_CACHED_BYTES, size=lambda manifest: manifest.held_bytes)
        self._wanted: dict[str, _Wanted] = {}
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue()

    async def find(self, content: Content) -> Manifest | None:
        """The manifest, None while there is none. Raises ArchiveUnreadable."""
        found = await self._recorded(content)
        return await self._small_single(content) if found is None else found

    async def _recorded(self, content: Content) -> Manifest | None:
        for name in (content.sha256, _single_name(content)):
            if (cached := self._cached.get(name)) is not None:
                return cached
        record = await self._store.find(_key(content))
        if record is None or _is_outdated(record):
            return None
        if record.problem and (record.crc32 is None or is_tar_name(content.filename)):
            raise ArchiveUnreadable(record.problem, path=record.path)
        if record.blob_key is None:
            return self._single(content, record.crc32)
        return await self._load(record)

    async def get(self, content: Content, *, user: str, wait_seconds: float = 0) -> Manifest | None:
        """The manifest of a content, None when it is still being made after `wait_seconds`.

        Where there is none and nobody makes it, this process does, for `user` (whose share of the parsing it takes).
        Raises ArchiveUnreadable, and Unavailable when a store does not answer.
        """
        loop = asyncio.get_running_loop()
        ends_at, (pause, most) = loop.time() + wait_seconds, _LOOK_SECONDS
        find = self.find
        while True:
            found = await find(content)
            left = ends_at - loop.time()
            if found is not None:
                return found
            wanted = self._want(content, user)
            if left <= 0:
                return None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, pause)):
                    await wanted.done.wait()
            pause, find = min(most, pause * 1.5), self._recorded  # its bytes, looked at once, stay what they are

    async def expect(self, content: Content, user: str) -> None:
        """Make the manifest of a content that was just published by `user`, before somebody asks for it.

        A hint: when the process ends before that, the first request has it made.
        """
        # A small one is read in no time when somebody asks, and small publishes pay nothing for it.
        if content.size > _SMALL_BYTES:
            self._want(content, user)

    async def run(self) -> None:
        """Make what is wanted, until cancelled."""
        await asyncio.gather(*(self._work() for _ in range(_PLACES)))

    def _want(self, content: Content, user: str) -> _Wanted:
        wanted = self._wanted.get(content.sha256)
        if wanted is None:
            wanted = _Wanted(content, user, asyncio.Event())
            if len(self._wanted) < _MOST_WANTED:
                self._wanted[content.sha256] = wanted
                self._queue.put_nowait(wanted)
        return wanted

    async def _work(self) -> None:
        while True:
            wanted = await self._queue.get()
            try:
                await self._prepare(wanted.content, wanted.user)
            except RegistryError as error:
                _log.warning("manifest_waits", sha256=wanted.content.sha256, reason=str(error))
            except Exception:  # noqa: BLE001 - one content must not hold up the others
                _log.exception("manifest_failed", sha256=wanted.content.sha256)
            finally:
                del self._wanted[wanted.content.sha256]
                wanted.done.set()

    async def _prepare(self, content: Content, user: str) -> None:
        """Have a manifest, and note that this stored content uses it."""
        record = await self._store.find(_key(content))
        if record is None or _is_outdated(record) or not await self._store.add_user(record.key, content.blob_key):
            await self._make(content, user)

    async def _make(self, content: Content, user: str) -> None:
        async with self._claiming.leased(_key(content)) as lease:
            if lease is None:
                return
            present = await self._store.find(lease.key)
            if present is not None and not _is_outdated(present):
                await self._store.give_back(lease, counted=False)
                return
            try:
                reading = await self._reader.read(content, user=user)
            except ParsingAborted as error:
                if lease.attempts < MOST_ATTEMPTS:
                    await self._store.give_back(lease, counted=True)
                    return
                reading = ManifestReading("", problem=str(error))
            crc32 = await self._reader.checksum(content) if reading.container == SINGLE else None
            await self._keep(lease, reading, content.blob_key, crc32)

    async def _keep(self, lease: DerivedLease, reading: ManifestReading, used_by: str, crc32: int | None) -> None:
        record = DerivedRecord(
            lease.key,
            frozenset((used_by,)),
            READER_VERSION,
            problem=reading.problem,
            path=reading.path,
            crc32=crc32,
        )
        if reading.text:
            data = reading.text.encode()
            stored = await self._blobs.put(_in_pieces(data))
            record = DerivedRecord(lease.key, record.users, READER_VERSION, stored.key, stored.sha256)
        left = await self._store.finish(lease, record)
        if left is not None:
            await self._blobs.delete(left)
        _log.info("manifest_made", sha256=lease.key.sha256, container=reading.container, problem=reading.problem)

    async def _small_single(self, content: Content) -> Manifest | None:
        """The manifest of a small content that is no archive: it needs no record."""
        if content.size > _SMALL_BYTES:
            return None
        data = await self._reader.read_whole(content)
        return self._single(content, zlib.crc32(data)) if is_surely_single(data[:SNIFF_BYTES], data) else None

    def _single(self, content: Content, crc32: int | None) -> Manifest:
        """The manifest of a content that is a single file: under the name that this package gives it."""
        entry = single_entry(content.filename, size=content.size, sha256=content.sha256, crc32=crc32)
        manifest = Manifest(encode_manifest(SINGLE, [entry]).encode())
        self._cached.put(_single_name(content), manifest)
        return manifest

    async def _load(self, record: DerivedRecord) -> Manifest | None:
        """The manifest from its blob; None where that is gone or damaged, so that it is made again."""
        blob_key = record.blob_key or ""
        try:
            async with self._blobs.read(blob_key) as chunks:
                data = b"".join([chunk async for chunk in chunks])
        except NotFound:
            data = b""
        if (await asyncio.to_thread(hashlib.sha256, data)).hexdigest() != record.blob_sha256:
            _log.error("manifest_damaged", sha256=record.key.sha256)
            if await self._store.remove(record):
                await self._blobs.delete(blob_key)
            return None
        manifest = Manifest(data)
        self._cached.put(record.key.sha256, manifest)
        return manifest


def _key(content: Content) -> DerivedKey:
    return DerivedKey(DerivedKind.MANIFEST, content.sha256)


def _is_outdated(record: DerivedRecord) -> bool:
    """Whether a later reader may be able to read what an earlier one could not."""
    return bool(record.problem) and record.reader_version < READER_VERSION


def _single_name(content: Content) -> str:
    return f"{content.sha256} {content.filename}"


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data
