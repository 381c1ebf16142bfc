"""Uploads in parts: opened, filled in any order, completed into a package, or abandoned."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from registry.domain.accounts import Caller
from registry.domain.errors import (
    AlreadyAnswered,
    NotFound,
    RegistryError,
    Unavailable,
)
from registry.domain.events import Event, EventType
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.packages import Package, PackageStatus
from registry.domain.uploads import Upload, part_size_for
from registry.ports.clock import Clock, IdSource
from registry.ports.idempotency import IdempotencyStore
from registry.ports.parts import PartStore, StoredPart
from registry.ports.uploads import UploadStore
from registry.services.packages.idempotency import IdempotentRequest, same_request
from registry.services.packages.intake import Metadata, check_first_status
from registry.services.packages.publishing import Publishing
from registry.services.packages.visibility import check_may_publish
from registry.services.uploads.completing import Completing
from registry.services.uploads.metadata import decode_metadata, encode_metadata
from registry.services.uploads.quotas import Quotas

_log = structlog.get_logger(__name__)
_BATCH = 100
_MOST_COUNTED = 10_000
_ADDRESSES_IN_A_ROW = 50
"""A signature takes 0.2 ms: after 10 ms it is the turn of other requests."""


@dataclass(frozen=True, slots=True)
class UploadRules:
    """Limits from the settings."""

    lifetime_seconds: int
    smallest_part_bytes: int
    idempotency_seconds: int


@dataclass(frozen=True, slots=True)
class Announced:
    """What a client says of the bytes it is going to send. `sha256` in hex, lower case."""

    size: int
    sha256: str
    filename: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload as its client sees it: the parts that are there, and where to send each that is not.

    An address is a signed one of the store, or None: then the part goes to the service.
    """

    upload: Upload
    parts: tuple[StoredPart, ...]
    missing: tuple[tuple[int, str | None], ...]


class Uploads:
    """Uploads in parts: begun, resumed, completed, abandoned."""

    def __init__(
        self,
        uploads: UploadStore,
        parts: PartStore,
        publishing: Publishing,
        completing: Completing,
        quotas: Quotas,
        *,
        idempotency: IdempotencyStore,
        clock: Clock,
        ids: IdSource,
        rules: UploadRules,
    ) -> None:
        self._uploads = uploads
        self._parts = parts
        self._publishing = publishing
        self._completing = completing
        self._quotas = quotas
        self._idempotency = idempotency
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def begin(
        self,
        caller: Caller,
        metadata: Metadata,
        announced: Announced,
        *,
        idempotent: IdempotentRequest[OpenUpload] | None,
    ) -> OpenUpload | IdempotencyRecord:
        """Open an upload. What would refuse the package later refuses it now, before bytes are sent in vain.

        The idempotency record has no addresses, which `find_begun` signs again: thousands of signed ones are more than
        a record holds. Raises PackageExists, TooLarge, QuotaReached, Throttled, PermissionDenied, IdempotencyKeyReused.
        """
        check_may_publish(metadata.name, caller)
        if idempotent and (first := await self._idempotency.find(idempotent.key)):
            return same_request(first, idempotent.fingerprint_of(announced.sha256))
        check_first_status(PackageStatus.ACTIVE, metadata.status, caller)
        await self._quotas.check_upload(caller.name, announced.size)
        await self._publishing.check_free(caller, metadata)
        now = self._clock.now()
        upload = Upload(
            id=self._ids.new_id(),
            created_by=caller.name,
            created_at=now,
            expires_at=now + timedelta(seconds=self._rules.lifetime_seconds),
            size=announced.size,
            sha256=announced.sha256,
            part_size=part_size_for(announced.size, smallest=self._rules.smallest_part_bytes),
            key=await self._parts.begin(),
            metadata=encode_metadata(metadata),
            filename=announced.filename,
            media_type=announced.media_type,
            account_id=caller.account_id,
        )
        record = None
        if idempotent:
            expires_at = now + timedelta(seconds=self._rules.idempotency_seconds)
            record = idempotent.record(OpenUpload(upload, (), ()), upload.id, announced.sha256, expires_at=expires_at)
        try:
            await self._add(upload, record)
        except AlreadyAnswered:
            if record and (first := await self._idempotency.find(record.key)):
                return same_request(first, record.fingerprint)
            raise
        return await self._opened(upload, ())

    async def _add(self, upload: Upload, record: IdempotencyRecord | None) -> None:
        """Add the record. When it is refused for certain, the room for its bytes goes; else the sweep decides."""
        try:
            await self._uploads.add(upload, record, quota=self._quotas.quota_of(upload.created_by))
        except Unavailable:
            raise
        except RegistryError:
            await self._abort_parts(upload)
            raise

    async def find_begun(self, caller: Caller, upload_id: str) -> OpenUpload | None:
        """The upload as it was when it was begun, with an address for each part. None when it has ended."""
        try:
            upload = await self.find(caller, upload_id)
        except NotFound:
            return None
        return await self._opened(upload, ())

    async def find(self, caller: Caller, upload_id: str) -> Upload:
        """An open upload of the caller's, or anybody's for admins. Raises NotFound."""
        upload = await self._get_own(caller, upload_id)
        if upload.expires_at <= self._clock.now():
            raise NotFound("The upload has expired. Begin again.")
        return upload

    async def look(self, caller: Caller, upload_id: str) -> OpenUpload:
        """The upload with its parts. Raises NotFound."""
        upload = await self.find(caller, upload_id)
        return await self._opened(upload, await self._parts.list_parts(upload.key))

    async def put_part(self, upload: Upload, number: int, chunks: AsyncIterator[bytes]) -> StoredPart:
        """Store a part. Raises NotFound for a number beyond the last, DigestMismatch for another length, UploadSealed.

        The caller has found the upload by `find`.
        """
        if not 1 <= number <= upload.part_count:
            raise NotFound(f"The upload has the parts 1 to {upload.part_count}.")
        return await self._parts.put_part(
            upload.key, number, chunks, offset=upload.part_offset(number), size=upload.part_bytes(number)
        )

    async def abort(self, caller: Caller, upload_id: str) -> None:
        """Drop an upload and its bytes. Raises NotFound."""
        await self._drop(await self._get_own(caller, upload_id))

    async def _get_own(self, caller: Caller, upload_id: str) -> Upload:
        upload = await self._uploads.get(upload_id)
        is_own = upload.owner_id == caller.account_id or caller.is_admin
        if not is_own or not caller.may_name(decode_metadata(upload.metadata).name):
            raise NotFound("There is no upload with this id.")
        return upload

    async def complete(
        self, caller: Caller, upload_id: str, *, idempotent: IdempotentRequest[Package]
    ) -> Package | IdempotencyRecord | None:
        """Verify the whole and add the package. None while the bytes are still being read: ask again.

        However often it is asked, a process verifies once; an answer that was lost is given again. Raises NotFound,
        UploadIncomplete, DigestMismatch, PackageExists; the upload stays open then.
        """
        if first := await self._publishing.find_answered(caller, idempotent):
            return first
        upload = await self.find(caller, upload_id)
        return await self._completing.complete(caller, upload, idempotent)

    async def expire(self, *, dry_run: bool = False) -> int:
        """Drop the uploads whose time is over; how many. With `dry_run` only as many as are looked at in one go."""
        if dry_run:
            return len(await self._uploads.list_expired(self._clock.now(), limit=_MOST_COUNTED))
        count = 0
        while found := await self._uploads.list_expired(self._clock.now(), limit=_BATCH):
            for upload in found:
                if await self._drop(upload, event=self._expiry(upload)):
                    count += 1
                    _log.info("upload_expired", upload_id=upload.id, user=upload.created_by, bytes=upload.size)
        return count

    async def drop_all(self) -> None:
        """Drop every open upload, for a registry that is emptied."""
        while found := await self._uploads.list_expired(datetime.max.replace(tzinfo=UTC), limit=_BATCH):
            for upload in found:
                await self._drop(upload)

    async def close(self) -> None:
        """Stop what is being verified. It can be asked for again."""
        await self._completing.close()

    def _expiry(self, upload: Upload) -> Event:
        details: dict[str, str | int | None] = {
            "upload_id": upload.id,
            "created_by": upload.created_by,
            "size": upload.size,
        }
        return Event(self._ids.new_id(), EventType.UPLOAD_EXPIRED, self._clock.now(), None, details)

    async def _drop(self, upload: Upload, *, event: Event | None = None) -> bool:
        """Remove the record, then the bytes. False when it had ended meanwhile."""
        self._completing.forget(upload.id)
        if not await self._uploads.remove(upload.id, event=event):
            return False
        await self._abort_parts(upload)
        return True

    async def _abort_parts(self, upload: Upload) -> None:
        try:
            await self._parts.abort(upload.key)
        except RegistryError as error:
            _log.warning("upload_bytes_wait_for_sweep", upload_id=upload.id, reason=str(error))

    async def _opened(self, upload: Upload, parts: Sequence[StoredPart]) -> OpenUpload:
        there = {part.number for part in parts}
        missing = []
        for number in range(1, upload.part_count + 1):
            if number not in there:
                size = upload.part_bytes(number)
                url = await self._parts.presign_part(upload.key, number, size=size, expires_at=upload.expires_at)
                missing.append((number, url))
                if len(missing) % _ADDRESSES_IN_A_ROW == 0:
                    await asyncio.sleep(0)
        return OpenUpload(upload, tuple(parts), tuple(missing))
