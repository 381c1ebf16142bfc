"""What a URL points to: a repository on GitHub, a model or dataset on the Hugging Face Hub, or any http(s) file."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import unquote

import httpx

from registry.adapters.outbound.disposition import disposed_filename
from registry.adapters.outbound.github_fetching import GitHubArchives
from registry.adapters.outbound.guarded import RefusedAddress
from registry.adapters.outbound.huggingface_fetching import HubArchives
from registry.adapters.outbound.transfers import Transfers
from registry.domain.errors import InvalidInput
from registry.formats.repository_urls import HubAddress, RepositoryAddress, read_address
from registry.ports.fetching import Fetched, FetchError

_CHECK_SECONDS = 3.0
_NOT_ASKED = "this registry is set up not to fetch from there"


class SourceFetcher:
    """Implements `ContentFetcher`."""

    def __init__(self, transfers: Transfers, *, github: GitHubArchives | None, hub: HubArchives | None) -> None:
        """`github`, `hub` None: what lies there is refused."""
        self._transfers = transfers
        self._github = github
        self._hub = hub

    async def check(self, url: str) -> None:
        match read_address(url):
            case RepositoryAddress():
                contacted = self._github.base_url if self._github else None
            case HubAddress():
                contacted = self._hub.base_url if self._hub else None
            case None:
                contacted = url
        if contacted is None:
            raise InvalidInput(_NOT_ASKED, pointer="/source_url")
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._transfers.judge(contacted)
        except TimeoutError:  # the address is judged again when it is fetched
            return
        except RefusedAddress as error:
            raise InvalidInput(str(error), pointer="/source_url") from None
        except (OSError, UnicodeError, httpx.InvalidURL):
            raise InvalidInput("its host has no address; check the spelling", pointer="/source_url") from None

    def fetch(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        match read_address(url):
            case RepositoryAddress() as repository if self._github:
                return self._github.fetch(repository)
            case HubAddress() as on_hub if self._hub:
                return self._hub.fetch(on_hub)
            case None:
                return self._file(url)
        raise FetchError(_NOT_ASKED, transient=False)

    @asynccontextmanager
    async def _file(self, url: str) -> AsyncIterator[Fetched]:
        async with self._transfers.open(url) as transfer:
            headers = transfer.headers
            yield Fetched(transfer.chunks, _filename(headers, url), headers.get("content-type", "").partition(";")[0])


def _filename(headers: Mapping[str, str], url: str) -> str:
    named = disposed_filename(headers.get("content-disposition", ""))
    return named or unquote(httpx.URL(url).path.rpartition("/")[2])
