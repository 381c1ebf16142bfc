"""A snapshot of the search index in the blob store, so that a new host need not fill its own from the records.

One process of all makes it, again and again; what stands in the records says where it is and what it must be. A host
without an index takes it in and follows the changes from its place on. Nothing depends on it: where it is missing,
damaged, of another form or too old, the index is filled from the records. It has private packages as every index has
them; who may see what is decided by the records in each search.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import timedelta

import orjson
import structlog

from registry.domain.errors import NotFound, RegistryError, Unavailable
from registry.ports.blobs import BlobStore
from registry.ports.changes import ChangeFeed
from registry.ports.search_copies import IncomingCopy, IndexCopies
from registry.services.maintenance.leases import RegularWork

_log = structlog.get_logger(__name__)
_WORK = "search-snapshot"
_LOOK_SECONDS = 60.0
_SEGMENT_BYTES = 16 * 1024 * 1024
_AT_ONCE = 4
"""Ranges of a snapshot that are read concurrently, a chunk or two of each in memory: one connection may be slow."""
_TRIES = 3
"""A snapshot may be replaced while it is read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a snapshot is and what it must be. `version`: the form of the index."""

    version: int
    blob_key: str
    size: int
    sha256: str
    packages: int

    @classmethod
    def read(cls, note: str) -> "Snapshot | None":
        return cls(**orjson.loads(note)) if note else None

    def __str__(self) -> str:
        return orjson.dumps(asdict(self)).decode()


class IndexSnapshots:
    """`is_ready`: whether this process's index is filled and has caught up."""

    def __init__(
        self,
        copies: IndexCopies,
        feed: ChangeFeed,
        blobs: BlobStore,
        regular: RegularWork,
        *,
        every: timedelta,
        is_ready: Callable[[], bool],
    ) -> None:
        self._copies = copies
        self._feed = feed
        self._blobs = blobs
        self._regular = regular
        self._every = every
        self._is_ready = is_ready

    async def restore(self) -> None:
        """Take the snapshot in where this host has no index to go on with. Returns when the index may be opened."""
        try:
            if await self._copies.enter() and not await self._goes_on():
                await self._restore()
        except RegistryError as error:
            _log.warning("search_snapshot_not_taken", reason=str(error))
        finally:
            await self._copies.open_for_others()

    async def run(self) -> None:
        """Make a snapshot whenever that is due and no other process does, until cancelled."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._every.total_seconds()))
            try:
                await self.make_if_due()
            except RegistryError as error:
                _log.warning("search_snapshot_waits", reason=str(error))

    async def make_if_due(self) -> bool:
        """Make a snapshot if that is due, this index is ready, and no other process is at it; whether one was made."""
        if not self._is_ready():
            return False
        before: list[Snapshot] = []
        made: list[Snapshot] = []

        async def work(note: str) -> str:
            last = Snapshot.read(note)
            if last is not None:
                before.append(last)
                if last.version > self._copies.version:
                    return note  # a newer release serves, too, and makes its own
            made.append(await self._make())
            return str(made[0])

        noted = False
        try:
            noted = await self._regular.do(_WORK, work, every=self._every)
        finally:
            # Whether a failed write was made is not known: the sweep removes what nothing names.
            for useless in before if noted and made else ():
                await self._blobs.delete(useless.blob_key)
        if noted and made:
            _log.info("search_snapshot_made", packages=made[0].packages, bytes=made[0].size)
        return bool(noted and made)

    async def blob_keys(self) -> Sequence[str]:
        """The blobs that the sweep must leave, and a reset removes."""
        snapshot = Snapshot.read(await self._regular.find_note(_WORK))
        return () if snapshot is None else (snapshot.blob_key,)

    async def _make(self) -> Snapshot:
        async with self._copies.outgoing() as copy, aclosing(copy.chunks) as chunks:
            stored = await self._blobs.put(chunks)
        return Snapshot(self._copies.version, stored.key, stored.size, stored.sha256, copy.packages)

    async def _goes_on(self) -> bool:
        """Whether there is an index that can follow the changes from where it is."""
        cursor = await self._copies.cursor()
        return cursor is not None and await self._feed.read(cursor, limit=1) is not None

    async def _restore(self) -> None:
        for _ in range(_TRIES):
            snapshot = Snapshot.read(await self._regular.find_note(_WORK))
            if snapshot is None:
                return
            if snapshot.version != self._copies.version:
                _log.info("search_snapshot_of_another_version", version=snapshot.version)
                return
            began = time.monotonic()
            try:
                taken = await self._take_in(snapshot)
            except NotFound:
                continue
            if taken:
                seconds = round(time.monotonic() - began, 3)
                _log.info("search_snapshot_taken", packages=snapshot.packages, bytes=snapshot.size, seconds=seconds)
            else:
                _log.error("search_snapshot_damaged", blob_key=snapshot.blob_key)
            return
        raise Unavailable("The snapshot is gone whenever it is read.")

    async def _take_in(self, snapshot: Snapshot) -> bool:
        """Read the ranges of the snapshot, some at a time. Raises NotFound, Unavailable."""
        offsets = iter(range(0, snapshot.size, _SEGMENT_BYTES))
        async with self._copies.incoming() as incoming:
            readers = [asyncio.create_task(self._read_ranges(snapshot, offsets, incoming)) for _ in range(_AT_ONCE)]
            try:
                await asyncio.gather(*readers)
            finally:
                for reader in readers:
                    reader.cancel()
                await asyncio.wait(readers)
            return await incoming.accept(size=snapshot.size, sha256=snapshot.sha256)

    async def _read_ranges(self, snapshot: Snapshot, offsets: Iterator[int], incoming: IncomingCopy) -> None:
        for offset in offsets:
            at, length = offset, min(_SEGMENT_BYTES, snapshot.size - offset)
            async with self._blobs.read(snapshot.blob_key, offset=offset, length=length) as chunks:
                async for chunk in chunks:
                    await incoming.write(at, chunk)
                    at += len(chunk)
