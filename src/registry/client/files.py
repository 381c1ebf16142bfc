"""The files of a package, as `RegistryClient.files`: listed, and fetched one by one or all of one part."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

import httpx

from registry.client.downloads import download_content
from registry.client.errors import InvalidAnswer, Unreachable
from registry.client.models import Content, Document, Package
from registry.client.paging import walk
from registry.client.partial_names import partial_path
from registry.client.progress import CHUNK_BYTES, Progress, silent
from registry.client.transfers import Transfers
from registry.client.transport import Parameters, Transport, reason_of
from registry.client.waiting import get_waited

_ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package: `size` in bytes, `sha256` in hex. `part`: it counts as weights, dataset, code or docs."""

    path: str
    size: int
    sha256: str
    part: str | None
    compressed_size: int | None
    document: Document

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["path"],
            members["size"],
            members["sha256"],
            members["part"],
            members["compressed_size"],
            members,
        )


class Files:
    """Raises the errors of `registry.client.errors`; Conflict where an archive cannot be read."""

    def __init__(self, transport: Transport, path: Callable[[str], str], transfers: Transfers) -> None:
        self._transport = transport
        self._path = path
        self._transfers = transfers

    async def list(
        self, package_id: str, *, prefix: str = "", wait_seconds: float = 60, page_size: int = 200
    ) -> AsyncIterator[PackageFile]:
        """The files whose path begins with `prefix`, in order of their paths.

        Raises Unreachable where the list is still being made after `wait_seconds`.
        """
        path = f"{self._path(package_id)}/files"
        params: Parameters = {"prefix": prefix or None}
        page = {**params, "limit": page_size}
        response = await get_waited(self._transport, path, wait_seconds=wait_seconds, params=page)
        if response.status_code != httpx.codes.OK:
            raise Unreachable("the list of the package's files is being made; ask again in a moment")
        files = walk(self._transport, path, PackageFile.from_json, page_size=page_size, params=params, begun=response)
        async for file in files:
            yield file

    async def find(self, package_id: str, path: str, *, wait_seconds: float = 60) -> PackageFile | None:
        """The file with this path, None where there is none."""
        async for file in self.list(package_id, prefix=path, wait_seconds=wait_seconds, page_size=1):
            return file if file.path == path else None
        return None

    async def download(
        self,
        package: Package,
        file: PackageFile,
        destination: str | os.PathLike[str],
        *,
        progress: Progress = silent,
    ) -> None:
        """Fetch one file into `destination`, which appears complete and checked or not at all; as
        `RegistryClient.download` does it."""
        await download_content(
            self._transport,
            f"{self._path(package.id)}/files/{quote(file.path)}",
            Content(file.size, file.sha256, "", file.path),
            destination=Path(destination),
            transfers=self._transfers,
            progress=progress,
        )

    async def download_part(
        self, package: Package, part: str, destination: str | os.PathLike[str], *, progress: Progress = silent
    ) -> None:
        """Fetch a zip of all files that count as `part` (weights, dataset, code, docs) into `destination`, which
        appears complete or not at all. Raises NotFound where there are none."""
        path, partial = f"{self._path(package.id)}/content?part={quote(part)}", partial_path(Path(destination))
        try:
            async with self._transport.content(path, {"Accept": _ZIP, "Accept-Encoding": "identity"}) as response:
                await _receive(response, partial, progress)
            await asyncio.to_thread(partial.replace, Path(destination))
        finally:
            partial.unlink(missing_ok=True)


async def _receive(response: httpx.Response, path: Path, progress: Progress) -> None:
    total, done = int(response.headers.get("Content-Length", 0)), 0
    with path.open("wb") as file:
        try:
            async for piece in response.aiter_raw(CHUNK_BYTES):
                await asyncio.to_thread(file.write, piece)
                done += len(piece)
                progress("download", done=done, total=max(done, total))
        except httpx.RequestError as error:
            raise Unreachable(f"the download broke off: {reason_of(error)}") from error
        await asyncio.to_thread(os.fsync, file.fileno())
    if done != total:
        raise InvalidAnswer(f"{path.name}: {done} bytes came of {total}")
