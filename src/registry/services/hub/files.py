"""The files of a revision, and their bytes."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from registry.domain.errors import FileNotFound, Unavailable
from registry.domain.recent import Recent
from registry.services.files.files import PackageFiles
from registry.services.files.manifests import RETRY_AFTER_SECONDS
from registry.services.hub.repositories import Revision
from registry.services.hub.tree import Layout, RepositoryFile, RepositoryTree, layout_of, readme_bytes

_PATIENCE_SECONDS = 8.0
"""Clients give up on metadata after ten seconds."""
_MOST_KEPT = 10_000


class RepositoryFiles:
    """Finds files by the manifests of contents; what is worked out for a revision is kept, some 500 bytes for each."""

    def __init__(self, contents: PackageFiles) -> None:
        self._contents = contents
        self._layouts = Recent[tuple[str, int], Layout](_MOST_KEPT)

    async def tree(self, revision: Revision) -> RepositoryTree:
        """The files and folders. Raises ArchiveUnreadable, and Unavailable while they are looked at."""
        package = revision.package
        manifest = await self._contents.find_manifest(
            revision.content, user=package.created_by, wait_seconds=_PATIENCE_SECONDS
        )
        if manifest is None:
            raise Unavailable(
                f"The files of {package.name} {package.version} are being listed. Try again.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        key = (package.id, package.revision)
        layout = self._layouts.get(key)
        if layout is None:
            layout = layout_of(manifest, package.readme)
            self._layouts.put(key, layout)
        return RepositoryTree(manifest, layout)

    async def presign(
        self, revision: Revision, tree: RepositoryTree, file: RepositoryFile, *, filename: str, media_type: str
    ) -> str | None:
        """A URL that serves the file without this service, None where there is none."""
        if file.stored is None:
            return None
        return await self._contents.presign(
            revision.content, tree.manifest, file.stored, filename=filename, media_type=media_type
        )

    def read(
        self, revision: Revision, tree: RepositoryTree, file: RepositoryFile, *, offset: int, length: int
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A range of the file's bytes; entering the context raises NotFound before anything was answered."""
        if file.stored is None:
            return _in_memory(readme_bytes(revision.package.readme or "")[offset : offset + length])
        return self._contents.open(revision.content, tree.manifest, file.stored, offset=offset, length=length)


@asynccontextmanager
async def _in_memory(data: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    yield chunks()


def no_file(revision: Revision, path: str) -> FileNotFound:
    """The refusal of a file or folder that the revision has not."""
    package = revision.package
    return FileNotFound(f"{package.name} {package.version} has no {path[:200]!r}.", commit=revision.commit)
