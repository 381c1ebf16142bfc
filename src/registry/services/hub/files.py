"""The files of a revision, and their bytes."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from registry.domain.errors import FileNotFound
from registry.domain.packages import Content
from registry.domain.repositories import Entry, RepositoryFile, StoredFile, entries_below, files_of, readme_bytes
from registry.services.hub.repositories import Revision

_MOST_KEPT = 200_000
"""Files of revisions that this process keeps in memory, some 400 bytes each."""


class ContentFiles(Protocol):
    """The files of a package's content, by its manifest."""

    async def list_stored(self, content: Content) -> Sequence[StoredFile]:
        """All files. Raises ArchiveUnreadable, and Unavailable while the manifest is being made."""

    def read(
        self, content: Content, path: str, *, offset: int, length: int
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A range of a file's bytes; entering the context raises NotFound before anything was answered."""

    async def presign(self, content: Content, path: str) -> str | None:
        """A URL that serves the file without this service, None where the store cannot."""


class RepositoryFiles:
    """Keeps the file lists of revisions that were asked for last: a snapshot of 1,000 files asks 2,000 times."""

    def __init__(self, contents: ContentFiles, *, most_kept: int = _MOST_KEPT) -> None:
        self._contents = contents
        self._most_kept = most_kept
        self._kept: OrderedDict[tuple[str, int], Mapping[str, RepositoryFile]] = OrderedDict()
        self._count = 0

    async def list_files(self, revision: Revision) -> Mapping[str, RepositoryFile]:
        """The files by path, in order of path. Raises ArchiveUnreadable, and Unavailable while they are looked at."""
        key = (revision.package.id, revision.package.revision)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        found = files_of(await self._contents.list_stored(revision.content), revision.package.readme)
        self._keep(key, found)
        return found

    async def get(self, revision: Revision, path: str) -> RepositoryFile:
        """The file under this path. Raises FileNotFound, and as `list_files`."""
        found = (await self.list_files(revision)).get(path)
        if found is None:
            raise _absent(revision, path)
        return found

    async def list_entries(self, revision: Revision, folder: str, *, recursive: bool) -> list[Entry]:
        """What a folder holds, in order of path; the empty path is the whole. Raises FileNotFound, as `list_files`."""
        found = entries_below(await self.list_files(revision), folder, recursive=recursive)
        if found is None:
            raise _absent(revision, folder)
        return found

    async def presign(self, revision: Revision, file: RepositoryFile) -> str | None:
        """A URL that serves the file without this service, None where there is none."""
        return None if file.stored is None else await self._contents.presign(revision.content, file.stored.path)

    def read(
        self, revision: Revision, file: RepositoryFile, *, offset: int, length: int
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A range of the file's bytes; entering the context raises NotFound before anything was answered."""
        if file.stored is None:
            return _in_memory(readme_bytes(revision.package.readme or "")[offset : offset + length])
        return self._contents.read(revision.content, file.stored.path, offset=offset, length=length)

    def _keep(self, key: tuple[str, int], files: Mapping[str, RepositoryFile]) -> None:
        if (before := self._kept.pop(key, None)) is not None:
            self._count -= len(before) + 1
        self._kept[key] = files
        self._count += len(files) + 1
        while self._count > self._most_kept and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._count -= len(dropped) + 1


@asynccontextmanager
async def _in_memory(data: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    yield chunks()


def _absent(revision: Revision, path: str) -> FileNotFound:
    package = revision.package
    return FileNotFound(f"{package.name} {package.version} has no {path[:200]!r}.", commit=revision.commit)
