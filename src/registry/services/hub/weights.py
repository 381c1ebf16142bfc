"""The number of a model's parameters, which clients show, by the headers of its safetensors files."""

import re
from collections import Counter
from collections.abc import Mapping

import structlog

from registry.domain.errors import NotFound, ParsingAborted
from registry.domain.recent import Recent
from registry.domain.serving_errors import ArchiveUnreadable
from registry.formats.safetensors import LENGTH_BYTES, count_parameters, header_length
from registry.ports.sandbox import JobLimits, Sandbox
from registry.services.hub.files import RepositoryFiles
from registry.services.hub.repositories import Revision
from registry.services.hub.tree import RepositoryFile, RepositoryTree

_log = structlog.get_logger(__name__)
_WHOLE = "model.safetensors"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_MOST_SHARDS = 200
_LIMITS = JobLimits(seconds=5.0)
_MOST_KEPT = 1_000


class Weights:
    """Keeps what was found for the contents that were asked for last."""

    def __init__(self, files: RepositoryFiles, sandbox: Sandbox) -> None:
        self._files = files
        self._sandbox = sandbox
        self._kept = Recent[str, Mapping[str, int] | None](_MOST_KEPT)

    async def parameters(self, revision: Revision, tree: RepositoryTree) -> Mapping[str, int] | None:
        """Parameters by data type; None where there are no such files, or one of them could not be read."""
        sha256 = revision.content.sha256
        if sha256 in self._kept:
            return self._kept.get(sha256)
        try:
            found = await self._count(revision, tree)
        except (ParsingAborted, ArchiveUnreadable, NotFound) as error:
            _log.warning("parameters_unknown", package_id=revision.package.id, reason=str(error))
            return None
        self._kept.put(sha256, found)
        return found

    async def _count(self, revision: Revision, tree: RepositoryTree) -> Mapping[str, int] | None:
        total: Counter[str] = Counter()
        for file in _weights_of(tree):
            header = await self._header(revision, tree, file)
            if header is None:
                return None
            counted = await self._sandbox.run(
                count_parameters, None, header, limits=_LIMITS, user=revision.package.created_by, urgent=True
            )
            if counted is None:
                return None
            total.update(dict(counted))
        return dict(total) or None

    async def _header(self, revision: Revision, tree: RepositoryTree, file: RepositoryFile) -> bytes | None:
        if file.size < LENGTH_BYTES:
            return None
        length = header_length(await self._read(revision, tree, file, 0, LENGTH_BYTES))
        if length is None or LENGTH_BYTES + length > file.size:
            return None
        return await self._read(revision, tree, file, LENGTH_BYTES, length)

    async def _read(
        self, revision: Revision, tree: RepositoryTree, file: RepositoryFile, offset: int, length: int
    ) -> bytes:
        async with self._files.read(revision, tree, file, offset=offset, length=length) as chunks:
            return b"".join([chunk async for chunk in chunks])


def _weights_of(tree: RepositoryTree) -> list[RepositoryFile]:
    """One copy of the weights: the whole file, else its shards."""
    if (whole := tree.find(_WHOLE)) is not None:
        return [whole]
    shards = [file for file in tree.files() if _SHARD.fullmatch(file.path)]
    return shards if len(shards) <= _MOST_SHARDS else []
