"""Manifests and unpacked files go when nothing uses them any more, and are made again where they are damaged."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import structlog

from registry.domain.errors import NotFound, Unavailable
from registry.domain.packages import Content
from registry.ports.blobs import BlobStore
from registry.ports.derived import DerivedKey, DerivedKind, DerivedRecord, DerivedStore
from registry.ports.maintenance import RecordMaintenance
from registry.services.maintenance.background import batched

_log = structlog.get_logger(__name__)
_MANIFESTS_AT_ONCE = 100


class DerivedBlobs:
    """Everything here may be done twice, and by several processes at once."""

    def __init__(self, store: DerivedStore, records: RecordMaintenance, blobs: BlobStore) -> None:
        self._store = store
        self._records = records
        self._blobs = blobs

    async def forget(self, content: Content) -> None:
        """A stored content is gone: so is its manifest, unless other contents with these bytes use it.

        What cannot be removed now is left to the sweep.
        """
        key = DerivedKey(DerivedKind.MANIFEST, content.sha256)
        try:
            if await self._store.find(key) is not None:
                await self._drop(key, {content.blob_key})
        except Unavailable as error:
            _log.warning("manifest_left_to_the_sweep", sha256=content.sha256, reason=str(error))

    async def collect(self) -> int:
        """Remove what nothing uses any more; how many blobs. Manifests go first, then files that only they used.

        Costs a call for each hundred manifests, and calls for what goes: what stays is known from the listing.
        """
        removed = 0
        files: list[DerivedRecord] = []
        kept: set[str] = set()

        async def manifests() -> AsyncIterator[DerivedRecord]:
            async for record in self._store.list_records():
                if record.key.kind is DerivedKind.FILE:
                    files.append(record)
                else:
                    yield record

        async for some in batched(manifests(), _MANIFESTS_AT_ONCE):
            removed += await self._collect_manifests(some, kept)
        for record in files:
            gone = {user for user in record.users - kept if not await self._has_manifest(user)}
            removed += await self._drop(record.key, gone)
        return removed

    async def _collect_manifests(self, manifests: Sequence[DerivedRecord], kept: set[str]) -> int:
        """Remove those that nothing uses; the digests of the others go into `kept`."""
        users = sorted({user for record in manifests for user in record.users})
        live = await self._records.live_blob_keys(users) if users else set()
        removed = 0
        for record in manifests:
            if gone := record.users - live:
                removed += await self._drop(record.key, gone)
            else:
                kept.add(record.key.sha256)
        return removed

    async def _has_manifest(self, sha256: str) -> bool:
        """Also of one that is younger than the listing."""
        return await self._store.find(DerivedKey(DerivedKind.MANIFEST, sha256)) is not None

    async def scrub(self) -> int:
        """Hash everything and remove what is damaged or gone, so that it is made again; how many."""
        damaged = 0
        async for record in self._store.list_records():
            if record.blob_key is None or await self._is_whole(record.blob_key, record):
                continue
            if await self._store.remove(record):
                await self._blobs.delete(record.blob_key)
                damaged += 1
                _log.error("derived_blob_damaged", kind=record.key.kind.value, sha256=record.key.sha256)
        return damaged

    async def list_blob_keys(self) -> AsyncIterator[str]:
        """The keys of all their blobs."""
        async for record in self._store.list_records():
            if record.blob_key is not None:
                yield record.blob_key

    async def _drop(self, key: DerivedKey, users: set[str] | frozenset[str]) -> int:
        blob_key = await self._store.drop_users(key, users) if users else None
        if blob_key is None:
            return 0
        await self._blobs.delete(blob_key)
        return 1

    async def _is_whole(self, blob_key: str, record: DerivedRecord) -> bool:
        digest = hashlib.sha256()
        try:
            async with self._blobs.read(blob_key) as chunks:
                async for chunk in chunks:
                    await asyncio.to_thread(digest.update, chunk)
        except NotFound:
            return False
        return digest.hexdigest() == record.blob_sha256
