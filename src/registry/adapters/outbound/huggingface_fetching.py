"""A model or dataset on the Hugging Face Hub as one zip, made while its files come in one by one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from registry.adapters.outbound.answers import as_object, path
from registry.adapters.outbound.asking import commit_id, translated
from registry.adapters.outbound.huggingface_listing import FileCheck, HubFile, listed_files, source_facts
from registry.adapters.outbound.streamed_zip import StreamedZip
from registry.adapters.outbound.transfers import Transfer, Transfers
from registry.adapters.outbound.upstream import Upstream
from registry.formats.repository_urls import HubAddress
from registry.ports.clock import Clock
from registry.ports.fetching import Fetched, FetchError

_FOLDERS = {"model": ("models", ""), "dataset": ("datasets", "/datasets")}
_ATTEMPTS = 4
_BACK_OFF_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What one model or dataset may hold."""

    total_bytes: int
    files: int = 10_000


class HubArchives:
    """Costs one request and one for each file. The zip depends on nothing but the commit."""

    def __init__(
        self,
        upstream: Upstream,
        transfers: Transfers,
        *,
        base_url: str,
        secret_headers: Mapping[str, str],
        limits: HubLimits,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._upstream = upstream
        self._transfers = transfers
        self._secret_headers = secret_headers
        self._limits = limits
        self._clock = clock
        self._sleep = sleep

    @asynccontextmanager
    async def fetch(self, wanted: HubAddress) -> AsyncIterator[Fetched]:
        api, pages = _FOLDERS[wanted.kind]
        async with translated(self._clock):
            place = f"/api/{api}/{quote(wanted.id)}/revision/{quote(wanted.revision, safe='')}"
            members = as_object(await self._upstream.get_json(place, blobs="true"), wanted.kind)
            # What is fetched is one commit, whatever the branch points to a moment later.
            sha = commit_id(members)
            files = listed_files(members)
            facts = source_facts(members, sha)
            # A renamed model answers under its new id.
            hub_id = path(members, "id")
        self._check(files)
        address = f"{self.base_url}{pages}/{quote(hub_id)}/resolve/{sha}/"
        filename = f"{hub_id.rpartition('/')[2]}-{sha}.zip"
        yield Fetched(self._zip(address, files, comment=sha), filename, "application/zip", facts)

    def _check(self, files: tuple[HubFile, ...]) -> None:
        total = sum(file.size for file in files)
        if len(files) > self._limits.files:
            raise FetchError(f"it has {len(files):,} files; at most {self._limits.files:,} are taken", transient=False)
        if total > self._limits.total_bytes:
            limit = self._limits.total_bytes
            raise FetchError(f"its files have {total:,} bytes; at most {limit:,} are taken", transient=False)

    async def _zip(self, address: str, files: tuple[HubFile, ...], *, comment: str) -> AsyncIterator[bytes]:
        archive = StreamedZip(comment=comment)
        for file in files:
            yield archive.begin(file.path, file.size)
            async for chunk in self._file(address + quote(file.path), file):
                archive.add(chunk)
                yield chunk
            yield archive.end()
        yield archive.finish()

    async def _file(self, url: str, file: HubFile) -> AsyncIterator[bytes]:
        """The file's bytes, checked. What a break leaves open is asked for again, not what came before it."""
        check = FileCheck(file)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                offset = check.received
                async with self._transfers.open(url, offset=offset, secret_headers=self._secret_headers) as transfer:
                    async for chunk in _from_offset(transfer, offset):
                        check.take(chunk)
                        yield chunk
                break
            except FetchError as error:
                # A service that says when to come again is not asked before.
                if not error.transient or error.retry_after_seconds or attempt == _ATTEMPTS:
                    raise FetchError(
                        f"{file.path}: {error}",
                        transient=error.transient,
                        retry_after_seconds=error.retry_after_seconds,
                    ) from None
            await self._sleep(_BACK_OFF_SECONDS * 2**attempt)
        check.finish()


async def _from_offset(transfer: Transfer, offset: int) -> AsyncIterator[bytes]:
    """The bytes from `offset` on; a server that knows no ranges sends those before them, too."""
    before = offset - transfer.starts_at
    async for chunk in transfer.chunks:
        skipped = min(before, len(chunk))
        before -= skipped
        if skipped < len(chunk):
            yield chunk[skipped:]
