"""A file and its metadata as `multipart/form-data` (RFC 7578) that streams from the disk, the metadata first."""

import asyncio
import hashlib
import json
import mimetypes
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from registry.client.errors import FileChanged
from registry.client.progress import CHUNK_BYTES, Progress, silent


async def read_chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    """The rest of a file in chunks, read in threads so that a slow disk does not hold up the event loop."""
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk


class FileDigest:
    """Size and SHA-256 of a file, as they were when it was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._sha256 = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @classmethod
    async def of(cls, path: Path, *, progress: Progress) -> "FileDigest":
        """Read the whole file. Raises OSError."""
        digest = cls(path)
        with path.open("rb") as file:
            total = os.fstat(file.fileno()).st_size
            while await asyncio.to_thread(digest.take, file):
                progress("hash", done=digest.size, total=max(total, digest.size))
        return digest

    def take(self, file: BinaryIO) -> int:
        """Hash the next chunk of `file`; how long it was."""
        chunk = file.read(CHUNK_BYTES)
        self._sha256.update(chunk)
        self.size += len(chunk)
        return len(chunk)


async def file_sha256(path: Path, *, progress: Progress = silent) -> str:
    """The SHA-256 of a file in hex. Raises OSError."""
    return (await FileDigest.of(path, progress=progress)).sha256


class PackageForm:
    """The body of a publish. It can be sent again: every `stream()` yields the same bytes.

    The boundary comes from `seed` (the Idempotency-Key), so that a repeated request is the same request to the byte.
    """

    def __init__(self, metadata: Mapping[str, Any], digest: FileDigest, *, seed: str, progress: Progress) -> None:
        boundary = hashlib.sha256(f"{seed} {digest.sha256}".encode()).hexdigest()
        filename = digest.path.name
        media_type = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        document = json.dumps({**metadata, "sha256": digest.sha256}, ensure_ascii=False)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n'
            f"Content-Type: application/json\r\n\r\n{document}\r\n"
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{_quoted(filename)}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        ).encode(errors="replace")  # a file's name may be no text
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._digest = digest
        self._progress = progress
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + digest.size + len(self._tail)),
        }

    async def stream(self) -> AsyncIterator[bytes]:
        """The body. Raises FileChanged when the file is longer or shorter than it was; OSError."""
        size, sent = self._digest.size, 0
        self._progress("upload", done=0, total=size)
        yield self._head
        with self._digest.path.open("rb") as file:
            async for chunk in read_chunks(file):
                sent += len(chunk)
                if sent > size:
                    break
                yield chunk
                self._progress("upload", done=sent, total=size)
        if sent != size:
            raise FileChanged(f"{self._digest.path} was written to while it was being published; try again")
        yield self._tail


def _quoted(filename: str) -> str:
    # As browsers write it: UTF-8 as it is, and only what would end the quotes or the line is escaped.
    return filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
