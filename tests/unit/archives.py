"""Archives made for the tests, and a blob store in memory to look at them in."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from registry.domain.errors import NotFound
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.limits import ArchiveLimits
from registry.ports.blobs import CHUNK_BYTES, BlobInfo, StoredBlob
from registry.services.packages.archive_reading import ArchiveReader
from tests.sandbox import DirectSandbox

Files = Mapping[str, bytes | str]


class BytesBlobs:
    """One blob in memory, under the key `key`."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def put(self, source: AsyncIterator[bytes]) -> StoredBlob:
        raise NotImplementedError

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        if key != "key":
            raise NotFound("no such blob")
        data = self.data[offset : len(self.data) if length is None else offset + length]

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(data), CHUNK_BYTES):
                yield data[start : start + CHUNK_BYTES]

        yield chunks()

    async def copy_range(self, key: str, *, offset: int, length: int) -> str | None:
        return None

    async def delete(self, key: str) -> None:
        raise NotImplementedError

    async def list_blobs(self, *, since: datetime | None = None) -> AsyncIterator[BlobInfo]:
        for _ in ():
            yield _

    async def presign_download(self, key: str, *, filename: str, media_type: str) -> str | None:
        return None

    async def ping(self) -> None:
        raise NotImplementedError


async def look_into(data: bytes, *, limits: ArchiveLimits | None = None) -> ArchiveFacts:
    return await ArchiveReader(BytesBlobs(data), DirectSandbox(), limits=limits).look_into(
        "key", size=len(data), user="alice"
    )


def to_bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def make_zip(files: Files, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def make_tar(files: Files, *, format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002 (tarfile's word)
    entries = []
    for path, content in files.items():
        info = tarfile.TarInfo(path)
        info.size = len(to_bytes(content))
        entries.append((info, to_bytes(content)))
    return tar_of(entries, format=format)


def tar_of(entries: list[tuple[tarfile.TarInfo, bytes]], *, format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def make_tar_gz(files: Files) -> bytes:
    return gzip.compress(make_tar(files), mtime=0)


MAKERS: dict[str, Callable[[Files], bytes]] = {"zip": make_zip, "tar": make_tar, "tar.gz": make_tar_gz}

MIT_TEXT = """MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

CARD = """---
language: en
license: apache-2.0
base_model: google-bert/bert-base-uncased
datasets:
- bookcorpus
- wikipedia
---
# BERT tiny
"""
