"""The byte store at scale is made as the settings say."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from registry.composition.scaled import open_bytes
from registry.domain.errors import Unavailable
from registry.settings import BlobsBackend, Settings
from tests.scaled.world import Calls

MIB = 1024 * 1024


async def test_upload_waits_for_memory_as_long_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one part and a wait of a second instead of 30; S3 itself is not reached."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = Settings(
        blobs=BlobsBackend.S3,
        s3_bucket="any",
        s3_endpoint_url="http://127.0.0.1:9",
        upload_memory_bytes=8 * MIB,
        upload_wait_seconds=1,
    )
    holding = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield bytes(MIB)
        holding.set()
        await asyncio.Event().wait()

    async with open_bytes(settings, Calls(), None) as stored:
        holder = asyncio.ensure_future(stored.blobs.put(stalled()))
        await holding.wait()
        with pytest.raises(Unavailable, match="under way"):
            async with asyncio.timeout(15):
                await stored.blobs.put(stalled())
        holder.cancel()
        await asyncio.wait([holder])
