"""A repository on GitHub as the zip that GitHub makes of one commit."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from registry.adapters.outbound.answers import as_object, optional_text, path, texts
from registry.adapters.outbound.asking import commit_id, translated
from registry.adapters.outbound.transfers import Transfers
from registry.adapters.outbound.upstream import Upstream
from registry.formats.archives.kinds import ZIP_MAGIC
from registry.formats.repository_urls import RepositoryAddress
from registry.ports.clock import Clock
from registry.ports.fetching import Fetched, FetchError, SourceFacts


class GitHubArchives:
    """Costs two requests and the zip, https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-zip.

    GitHub does not promise the same bytes for the same commit for ever, so the digest is known only afterwards.
    """

    def __init__(
        self,
        upstream: Upstream,
        transfers: Transfers,
        *,
        base_url: str,
        secret_headers: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._upstream = upstream
        self._transfers = transfers
        self._secret_headers = secret_headers
        self._clock = clock

    @asynccontextmanager
    async def fetch(self, wanted: RepositoryAddress) -> AsyncIterator[Fetched]:
        async with translated(self._clock):
            repository = await self._object(f"/repos/{wanted.owner}/{wanted.name}", "repository")
            ref = wanted.ref or path(repository, "default_branch")
            # What is fetched is one commit, whatever the branch points to a moment later.
            commit = await self._object(f"/repos/{wanted.owner}/{wanted.name}/commits/{quote(ref)}", "commit")
            sha = commit_id(commit)
            facts = _facts(repository, sha)
        url = f"{self.base_url}/repos/{wanted.owner}/{wanted.name}/zipball/{sha}"
        async with self._transfers.open(url, secret_headers=self._secret_headers) as transfer:
            yield Fetched(_zip_only(transfer.chunks), f"{wanted.name}-{sha}.zip", "application/zip", facts)

    async def _object(self, path: str, what: str) -> dict[str, Any]:
        return as_object(await self._upstream.get_json(path), what)


async def _zip_only(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks of a zip. Raises FetchError for what is none: nothing, or a page of what stands between."""
    begun = False
    async for chunk in chunks:
        if not begun and not chunk.startswith(ZIP_MAGIC):
            break
        begun = True
        yield chunk
    if not begun:
        raise FetchError("GitHub answered with something that is no zip", transient=False)


def _facts(repository: dict[str, Any], sha: str) -> SourceFacts:
    stated = repository.get("license")
    spdx_id = optional_text(stated.get("spdx_id")) if isinstance(stated, dict) else None
    return SourceFacts(
        description=optional_text(repository.get("description")) or "",
        license=None if spdx_id == "NOASSERTION" else spdx_id,
        tags=texts(repository.get("topics")),
        revision=sha,
    )
