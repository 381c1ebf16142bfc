"""Completing an upload: the whole is verified once in a process, however often it is asked for."""

import asyncio
import hmac

from registry.domain.accounts import Caller
from registry.domain.errors import DigestMismatch, NotFound, UploadIncomplete, UploadSealed
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.packages import Package
from registry.domain.uploads import Upload
from registry.ports.blobs import StoredBlob
from registry.ports.parts import PartStore
from registry.ports.uploads import UploadStore
from registry.services.packages.idempotency import IdempotentRequest
from registry.services.packages.intake import Intake
from registry.services.packages.publishing import Publishing
from registry.services.uploads.metadata import decode_metadata

Published = Package | IdempotencyRecord


class Completing:
    """`wait_seconds` is how long a request waits for the bytes to be read."""

    def __init__(
        self, uploads: UploadStore, parts: PartStore, publishing: Publishing, intake: Intake, *, wait_seconds: float
    ) -> None:
        self._uploads = uploads
        self._parts = parts
        self._publishing = publishing
        self._intake = intake
        self._wait_seconds = wait_seconds
        self._tasks: dict[str, asyncio.Task[Published]] = {}

    async def complete(
        self, caller: Caller, upload: Upload, idempotent: IdempotentRequest[Package]
    ) -> Published | None:
        """Verify the whole and add the package. None while the bytes are still being read: ask again.

        Raises UploadIncomplete, DigestMismatch, PackageExists; the upload stays open then.
        """
        task = self._tasks.get(upload.id)
        if task is None:
            task = asyncio.create_task(self._complete_unless_moved(caller, upload, idempotent))
            self._tasks[upload.id] = task
            task.add_done_callback(lambda done: self._ended(upload.id, done))
        done, _ = await asyncio.wait([task], timeout=self._wait_seconds)
        if not done:
            return None
        self.forget(upload.id)
        try:
            return task.result()
        except UploadSealed:
            return None  # another process is at it

    def forget(self, upload_id: str) -> None:
        """Verify again when the upload is completed next."""
        self._tasks.pop(upload_id, None)

    async def close(self) -> None:
        """Stop what is being verified."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, upload_id: str, task: asyncio.Task[Published]) -> None:
        # A failure that nobody waited for is kept: the next request gets it, and nothing is verified again.
        if task.cancelled() or task.exception() is None:
            self.forget(upload_id)

    async def _complete_unless_moved(
        self, caller: Caller, upload: Upload, idempotent: IdempotentRequest[Package]
    ) -> Published:
        try:
            return await self._complete(caller, upload, idempotent)
        except NotFound:
            # Another process may have found the digest wrong first, and have the parts under another key by now. That
            # key stays: parts may have been sent to it.
            if (await self._uploads.get(upload.id)).key == upload.key:
                raise
            raise _mismatch("another SHA-256 than announced") from None

    async def _complete(self, caller: Caller, upload: Upload, idempotent: IdempotentRequest[Package]) -> Published:
        parts = await self._parts.list_parts(upload.key)
        whole = {part.number for part in parts if part.size == upload.part_bytes(part.number)}
        if missing := [number for number in range(1, upload.part_count + 1) if number not in whole]:
            raise UploadIncomplete(missing, of=upload.part_count)
        async with self._parts.complete(upload.key, parts) as blob:
            await self._check_digest(upload, blob)
            metadata = decode_metadata(upload.metadata)
            received = await self._intake.adopt(
                blob, owner=caller.name, name=metadata.name, filename=upload.filename, media_type=upload.media_type
            )
            published = await self._publishing.publish_upload(caller, upload, metadata, received, idempotent=idempotent)
            await self._parts.finish(upload.key)
        return published

    async def _check_digest(self, upload: Upload, blob: StoredBlob) -> None:
        if blob.size == upload.size and hmac.compare_digest(blob.sha256, upload.sha256):
            return
        key = await self._parts.reopen(upload.key, blob)
        if key != upload.key:
            try:
                await self._uploads.move(upload.id, key, before=upload.key)
            except NotFound:
                await self._parts.abort(key)
                raise
            await self._parts.abort(upload.key)
        raise _mismatch(f"the SHA-256 {blob.sha256}")


def _mismatch(found: str) -> DigestMismatch:
    return DigestMismatch(
        f"the parts together have {found}; nothing was published, the upload is still open: "
        "send the parts that differ again",
        pointer="/sha256",
    )
