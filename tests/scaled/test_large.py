"""Large bodies on their way to S3: the service holds a bounded part of them, whatever their length."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import eventually, log_in, metadata, multipart

MIB = 1024 * 1024
SIZE = 256 * MIB
MOST_GROWTH = 100 * MIB
BLOCK = bytes(range(256)) * 4096

pytestmark = pytest.mark.performance


class Body:
    """A publish of SIZE bytes. It stops after `until` bytes, when a client loses interest."""

    def __init__(self, *, until: int = SIZE) -> None:
        whole, self.headers = multipart(metadata(), b"CONTENT")
        self._before, self._after = whole.split(b"CONTENT")
        self._until = until
        self.sent = asyncio.Event()
        self.sha256 = hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).hexdigest()
        self.headers["Content-Length"] = str(len(self._before) + SIZE + len(self._after))

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._before
        for _ in range(self._until // len(BLOCK)):
            yield BLOCK
        self.sent.set()
        if self._until < SIZE:
            await asyncio.Event().wait()
        yield self._after


async def send(server: RunningServer, token: str, body: Body) -> httpx.Response:
    headers = {**body.headers, "Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, timeout=300, trust_env=False) as client:
        return await client.post("/package", content=body.chunks(), headers=headers)


async def test_memory_of_a_large_publish_and_what_a_cancelled_one_leaves(
    backend: dict[str, str], tmp_path: Path
) -> None:
    settings = {**backend, "REGISTRY_DATA_DIR": str(tmp_path / "data")}
    server = await asyncio.to_thread(start_server, server_environment(tmp_path / "data", **settings))
    try:
        admin = await asyncio.to_thread(log_in, server.url, server.admin_name, server.admin_password)
        admin.client.close()
        before = server.memory_peak_bytes()
        whole = Body()
        answer = await send(server, admin.token, whole)
        assert answer.status_code == 201, answer.text
        assert answer.json()["content"]["sha256"] == whole.sha256
        cut = Body(until=SIZE // 2)
        sending = asyncio.create_task(send(server, admin.token, cut))
        await cut.sent.wait()
        sending.cancel()
        await asyncio.to_thread(eventually, lambda: len(server.stored()) == 1, timeout_seconds=60)
        assert server.memory_peak_bytes() - before < MOST_GROWTH
    finally:
        await asyncio.to_thread(server.stop)
