"""A registry that is set up to ask neither GitHub nor the Hub."""

import httpx
import pytest

from registry.adapters.outbound.fetcher import SourceFetcher
from registry.adapters.outbound.guarded import GuardedResolver
from registry.adapters.outbound.transfers import Transfers
from registry.domain.errors import InvalidInput
from registry.ports.fetching import FetchError


@pytest.mark.parametrize("url", ["https://github.com/octo-org/octo-repo", "https://huggingface.co/org/model"])
async def test_what_lies_there_is_refused(url: str) -> None:
    async with httpx.AsyncClient() as client:
        fetcher = SourceFetcher(Transfers(client, GuardedResolver(allow_private=False)), github=None, hub=None)
        with pytest.raises(InvalidInput, match="not to fetch from there"):
            await fetcher.check(url)
        with pytest.raises(FetchError, match="not to fetch from there") as refused:
            fetcher.fetch(url)
    assert not refused.value.transient
