"""What a URL points to: a repository on GitHub, a model or dataset on the Hugging Face Hub, or any http(s) file."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.message import Message
from urllib.parse import unquote

import httpx

from registry.adapters.outbound.github_fetching import GitHubArchives
from registry.adapters.outbound.guarded import RefusedAddress
from registry.adapters.outbound.huggingface_fetching import HubArchives
from registry.adapters.outbound.transfers import Transfers, body
from registry.domain.errors import InvalidInput
from registry.formats.repository_urls import HubAddress, RepositoryAddress, read_address
from registry.ports.fetching import Fetched, FetchError

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
            await self._transfers.judge(contacted)
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
        async with self._transfers.open(url) as response:
            yield Fetched(body(response), _filename(response, url), _media_type(response))


def _filename(response: httpx.Response, url: str) -> str:
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    return header.get_filename() or unquote(httpx.URL(url).path.rpartition("/")[2]) or "content"


def _media_type(response: httpx.Response) -> str:
    found: str = response.headers.get("content-type", "")
    return found.partition(";")[0].strip() or "application/octet-stream"
