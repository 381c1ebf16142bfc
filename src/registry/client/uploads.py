"""Publishing a file in parts: resumed after whatever happened to this side or the other."""

import asyncio
import hashlib
import mimetypes
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from registry.client.errors import FileChanged, InvalidAnswer, InvalidRequest, NotFound
from registry.client.multipart import FileDigest
from registry.client.progress import CHUNK_BYTES, Progress
from registry.client.transfers import RememberedUpload, Transfers
from registry.client.transport import Transport, read

_VERIFYING = 202
_MD5_DIGITS = 32
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Open:
    """An upload, and where each part goes that is not there yet."""

    id: str
    part_size: int
    missing: Mapping[int, str]


class PartsUpload:
    """One file on its way in parts. `metadata` is what the package says of itself."""

    def __init__(
        self,
        transport: Transport,
        digest: FileDigest,
        metadata: Mapping[str, Any],
        *,
        transfers: Transfers,
        progress: Progress,
    ) -> None:
        self._transport = transport
        self._digest = digest
        self._transfers = transfers
        self._progress = progress
        media_type = mimetypes.guess_type(digest.path.name)[0]
        self._request = {
            "metadata": dict(metadata),
            "size": digest.size,
            "sha256": digest.sha256,
            "filename": digest.path.name.encode(errors="replace").decode(),  # a file's name may be no text
            **({"media_type": media_type} if media_type else {}),
        }
        self._sent_bytes = 0

    async def publish(self, *, resume: bool) -> httpx.Response:
        """The registry's answer with the package. Raises FileChanged, ProblemError, Unreachable, OSError."""
        remembered = RememberedUpload.of(
            self._transfers.state_folder, self._request, server=self._transport.origin, resume=resume
        )
        answer = await self._begin(remembered)
        opened = read(answer, lambda members: _open(members, "parts"))
        if not remembered.is_new:
            try:
                found = await self._transport.call("GET", f"/uploads/{opened.id}")
                opened = read(found, lambda members: _open(members, "missing"))
            except NotFound:
                return await self._after_its_end(opened, remembered)
        await self._send_missing(opened)
        try:
            answer = await self._complete(opened)
        except InvalidRequest as error:
            if error.slug != "digest-mismatch":
                raise
            mended = await self._mend(opened)
            if mended is None:
                # These parts will never be the file: what was changed under our hands is not worth keeping.
                await self._transport.call("DELETE", f"/uploads/{opened.id}")
                remembered.forget()
                raise FileChanged(f"{self._digest.path} was written to while it was being published") from error
            answer = mended
        remembered.forget()
        return answer

    async def _mend(self, opened: _Open) -> httpx.Response | None:
        """Send again the parts that are not the file's bytes; None where that does not help.

        Some servers of S3 keep a part that was cut off as if all of it had come.
        """
        answer = await self._transport.call("GET", f"/uploads/{opened.id}")
        etags = read(answer, lambda members: {int(part["number"]): str(part["etag"]) for part in members["parts"]})
        wrong = {
            number: f"/uploads/{opened.id}/parts/{number}"
            for number, etag in etags.items()
            if not await asyncio.to_thread(self._is_part, opened, number, etag)
        }
        if not wrong:
            return None
        await self._send_missing(_Open(opened.id, opened.part_size, wrong))
        try:
            return await self._complete(opened)
        except InvalidRequest as error:
            if error.slug != "digest-mismatch":
                raise
            return None

    def _is_part(self, opened: _Open, number: int, etag: str) -> bool:
        """Whether a part's ETag is that of the file's bytes: their MD5 where it came from S3, else their SHA-256."""
        digest = hashlib.md5(usedforsecurity=False) if len(etag) == _MD5_DIGITS else hashlib.sha256()
        left = self._part_bytes(opened, number)
        with self._digest.path.open("rb") as file:
            file.seek(opened.part_size * (number - 1))
            while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest() == etag

    async def _after_its_end(self, ended: _Open, remembered: RememberedUpload) -> httpx.Response:
        """An upload that was completed gives its answer again; one that expired or was deleted starts again."""
        try:
            answer = await self._complete(ended)
        except NotFound:
            remembered.forget()
            return await self.publish(resume=False)
        remembered.forget()
        return answer

    async def _begin(self, remembered: RememberedUpload) -> httpx.Response:
        headers = {"Idempotency-Key": remembered.key}
        return await self._transport.call("POST", "/uploads", json=self._request, headers=headers, repeatable=True)

    async def _send_missing(self, opened: _Open) -> None:
        sizes = {number: self._part_bytes(opened, number) for number in opened.missing}
        self._sent_bytes = self._digest.size - sum(sizes.values())
        self._told()
        sending = asyncio.Semaphore(self._transfers.upload_streams)
        in_flight = asyncio.Semaphore(self._transfers.upload_streams + self._transfers.unacknowledged_parts)
        try:
            async with asyncio.TaskGroup() as tasks:
                for number, url in opened.missing.items():
                    await in_flight.acquire()
                    part = _PartBody(self, opened.part_size * (number - 1), sizes[number], sending)
                    task = tasks.create_task(self._send(url, part))
                    task.add_done_callback(lambda _: in_flight.release())
        except ExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__

    async def _send(self, url: str, part: "_PartBody") -> None:
        # Not within the stream: a connection that is open and silent looks like a dead one to the registry.
        await part.take_turn()
        try:
            await self._transport.put(url, part.stream, size=part.size)
        finally:
            part.release()

    async def _complete(self, opened: _Open) -> httpx.Response:
        while True:
            answer = await self._transport.call("POST", f"/uploads/{opened.id}/complete", repeatable=True)
            if answer.status_code != _VERIFYING:
                return answer
            asked = answer.headers.get("Retry-After", "")
            await self._transport.retries.sleep(min(float(asked) if asked.isdecimal() else 1.0, _LONGEST_PAUSE_SECONDS))

    def _part_bytes(self, opened: _Open, number: int) -> int:
        size = min(opened.part_size, self._digest.size - opened.part_size * (number - 1))
        if size <= 0:
            raise InvalidAnswer("the registry asks for parts that the file does not have")
        return size

    def advance(self, count: int) -> None:
        """Note that so many bytes more are on their way (below zero: have to be sent again)."""
        self._sent_bytes += count
        self._told()

    def _told(self) -> None:
        self._progress("upload", done=self._sent_bytes, total=self._digest.size)

    @property
    def digest(self) -> FileDigest:
        return self._digest


class _PartBody:
    """A part of the file. Every `stream()` yields the same bytes. Its turn ends when all of them have left."""

    def __init__(self, upload: PartsUpload, offset: int, size: int, turns: asyncio.Semaphore) -> None:
        self._upload = upload
        self._offset = offset
        self.size = size
        self._turns = turns
        self._has_turn = False
        self._counted = 0

    async def take_turn(self) -> None:
        await self._turns.acquire()
        self._has_turn = True

    async def stream(self) -> AsyncIterator[bytes]:
        self._upload.advance(-self._counted)
        self._counted = 0
        path = self._upload.digest.path
        with path.open("rb") as file:
            while self._counted < self.size:
                length = min(CHUNK_BYTES, self.size - self._counted)
                chunk = await asyncio.to_thread(os.pread, file.fileno(), length, self._offset + self._counted)
                if not chunk:
                    raise FileChanged(f"{path} was written to while it was being published; try again")
                yield chunk
                self._counted += len(chunk)
                self._upload.advance(len(chunk))
        # All of it has left: while the registry makes it durable the next part may leave.
        self.release()

    def release(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.release()


def _open(members: Mapping[str, Any], missing: str) -> _Open:
    return _Open(
        str(members["id"]),
        int(members["part_size"]),
        {int(part["number"]): str(part["url"]) for part in members[missing]},
    )
