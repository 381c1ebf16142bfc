"""What one request with much to compute leaves to the others: turns of the event loop."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from pydantic import SecretStr

from registry.settings import Settings
from tests.api.support import metadata
from tests.scaled.world import Calls, running_app

pytestmark = pytest.mark.performance

MANY = 1_000
MOST_IN_A_TURN = 50


async def test_addresses_of_many_parts_are_made_in_many_turns(tmp_path: Path) -> None:
    turn = 0
    made: Counter[int] = Counter()

    class Watching(Calls):
        def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
            if operation == "presign_part":
                made[turn] += 1

    async def others() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    settings = Settings(data_dir=tmp_path, admin_password=SecretStr("a-password-of-tests"), upload_part_bytes=64 * 1024)
    async with running_app(settings, calls=Watching()) as client:
        task = asyncio.create_task(others())
        body = {"metadata": metadata(), "size": MANY * settings.upload_part_bytes, "sha256": "0" * 64}
        answer = await client.post("/uploads", json=body)
        assert answer.status_code == 201, answer.text
        assert (await client.get(f"/uploads/{answer.json()['id']}")).status_code == 200
        task.cancel()
    assert made.total() == 2 * MANY
    assert max(made.values()) <= MOST_IN_A_TURN
