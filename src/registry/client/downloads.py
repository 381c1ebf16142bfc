"""Fetching a package's bytes so that an interruption costs nothing and a wrong byte is never kept.

A large content comes by concurrent ranges (see `ranges`). Of a smaller one, bytes go to `NAME.registry-part`;
`NAME.registry-part.json` beside it says which content they belong to. Only a file with the package's size and SHA-256
is renamed to `NAME`. The state survives a `kill -9`: the next download goes on where that one ended.
"""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import httpx

from registry.client.errors import DigestMismatch, InvalidAnswer, Unreachable
from registry.client.models import Content
from registry.client.partial_names import partial_path, shortened
from registry.client.progress import CHUNK_BYTES, Progress
from registry.client.ranges import NoRanges, RangedDownload, RangesFile
from registry.client.transfers import Transfers
from registry.client.transport import Transport, reason_of

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')


def safe_filename(filename: str, *, otherwise: str) -> str:
    """The last part of an untrusted name, without what steers a path; `otherwise` when nothing is left.

    What is too long for a file system loses its middle, so that the ending stays.
    """
    for candidate in (re.split(r"[/\\]", filename)[-1], otherwise):
        name = _UNSAFE.sub("_", candidate).strip(" .")
        if name:
            return shortened(name, 200)
    return "content"


class PartialFile:
    """The bytes of a content that are here already, with their running SHA-256."""

    def __init__(self, destination: Path, content: Content) -> None:
        self._destination = destination
        self._content = content
        self._part = partial_path(destination)
        self._state = partial_path(destination, ".json")
        self._sha256 = hashlib.sha256()
        self._file = self._part.open("ab+")  # keeps what is there
        self.size = 0
        self.etag: str | None = None

    async def resume(self, progress: Progress) -> None:
        """Take up what an earlier download of the same content left; drop what belongs to another."""
        self.etag = await asyncio.to_thread(self._remembered_etag)
        if self.etag is None:
            self.restart(None)
            return
        self._file.seek(0)
        while chunk := await asyncio.to_thread(self._file.read, CHUNK_BYTES):
            await asyncio.to_thread(self._sha256.update, chunk)
            self.size += len(chunk)
            progress("hash", done=self.size, total=self._content.size)
        if self.size > self._content.size:
            self.restart(None)

    def _remembered_etag(self) -> str | None:
        try:
            state = json.loads(self._state.read_text())
            return str(state["etag"]) if state["sha256"] == self._content.sha256 else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def restart(self, etag: str | None) -> None:
        """Begin at the first byte, of what `etag` names."""
        self._file.truncate(0)
        self._sha256 = hashlib.sha256()
        self.size, self.etag = 0, etag
        if etag is None:
            self._state.unlink(missing_ok=True)
        else:
            self._state.write_text(json.dumps({"sha256": self._content.sha256, "etag": etag}))

    def append(self, pieces: Iterable[bytes]) -> None:
        """Keep the next bytes. They leave this process at once, so that killing it loses none of them."""
        for piece in pieces:
            self._file.write(piece)
            self._sha256.update(piece)
            self.size += len(piece)
        self._file.flush()

    def finish(self) -> None:
        """Check size and digest, make the bytes durable and give the file its name. Raises DigestMismatch."""
        if self.size != self._content.size or self._sha256.hexdigest() != self._content.sha256:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._state.unlink(missing_ok=True)
            raise _mismatch(self._destination, self._content, size=self.size, sha256=self._sha256.hexdigest())
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._destination)
        self._state.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the bytes for another time; nothing stays of a download that got none."""
        self._file.close()
        if self.size == 0:
            self._part.unlink(missing_ok=True)
            self._state.unlink(missing_ok=True)


async def download_content(
    transport: Transport,
    path: str,
    content: Content,
    *,
    destination: Path,
    transfers: Transfers,
    progress: Progress,
) -> None:
    """Fetch the bytes at the registry's `path` into the file `destination`, resuming as often as it helps.

    Raises DigestMismatch, Unreachable (what came is kept), ProblemError, OSError.
    """
    if content.size > transfers.ranges_above_bytes:
        try:
            await _download_ranges(
                transport, path, content, destination=destination, transfers=transfers, progress=progress
            )
        except NoRanges:
            pass  # a proxy that knows none: in one piece, then
        else:
            return
    part = PartialFile(destination, content)
    try:
        await part.resume(progress)
        failures, complete = 0, 0 < part.size == content.size
        while not complete:
            before = part.size
            try:
                complete = await _fetch(transport, path, part, content=content, progress=progress)
            except httpx.RequestError as error:
                failures = 1 if part.size > before else failures + 1
                if failures >= transport.retries.attempts:
                    raise Unreachable(f"the download broke off: {reason_of(error)}; run it again to go on") from error
                await transport.retries.pause(failures)
        await asyncio.to_thread(part.finish)
    finally:
        part.close()


async def _download_ranges(
    transport: Transport,
    path: str,
    content: Content,
    *,
    destination: Path,
    transfers: Transfers,
    progress: Progress,
) -> None:
    file = RangesFile(destination, content, range_bytes=transfers.range_bytes)
    try:
        sha256 = await RangedDownload(transport, path, file, transfers=transfers, progress=progress).fetch()
        if sha256 != content.sha256:
            file.throw_away()
            raise _mismatch(destination, content, size=content.size, sha256=sha256)
        await asyncio.to_thread(file.finish)
    except NoRanges:
        file.throw_away()
        raise
    finally:
        file.close()


def _mismatch(destination: Path, content: Content, *, size: int, sha256: str) -> DigestMismatch:
    return DigestMismatch(
        f"{destination.name}: got {size} bytes with SHA-256 {sha256}, the package announces {content.size} with "
        f"{content.sha256}; thrown away, download again"
    )


async def _fetch(transport: Transport, path: str, part: PartialFile, *, content: Content, progress: Progress) -> bool:
    """Ask for what is missing and keep it. False when the bytes that are here fit nothing and were dropped."""
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.etag and not part.etag.startswith("W/"):
            headers["If-Range"] = part.etag
    async with transport.content(path, headers) as response:
        if response.status_code == 416 and part.size:
            part.restart(None)
            return False
        if response.status_code == 200:
            part.restart(response.headers.get("ETag"))
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
            raise InvalidAnswer("the content's address answered with another range than was asked for")
        await _receive(response, part, content=content, progress=progress)
    return True


async def _receive(response: httpx.Response, part: PartialFile, *, content: Content, progress: Progress) -> None:
    pieces: list[bytes] = []
    gathered_bytes = 0
    try:
        async for piece in response.aiter_raw():
            pieces.append(piece)
            gathered_bytes += len(piece)
            if gathered_bytes >= CHUNK_BYTES or part.size + gathered_bytes >= content.size:
                full, pieces, gathered_bytes = pieces, [], 0
                await asyncio.to_thread(part.append, full)
                progress("download", done=part.size, total=max(part.size, content.size))
            if part.size > content.size:
                return  # more than was announced: the check that follows refuses it, without filling the disk
    finally:
        # A connection that is cut takes nothing with it that has arrived.
        part.append(pieces)
