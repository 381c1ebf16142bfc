"""Depths of queues: how often they are asked for, and what a defect in one does."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from registry.app import create_app
from registry.domain.errors import Unavailable
from registry.services.ratings.ratings import Ratings
from registry.settings import Settings
from registry.telemetry import metrics


async def test_shared_queues_are_asked_seldom_and_each_worker_tells_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_OWN_INTERVAL_SECONDS", 0.0)
    registry = CollectorRegistry()
    queues = metrics.QueueMetrics(registry, workers=2)
    asked: list[str] = []
    enough = asyncio.Event()

    def own() -> int:
        asked.append("own")
        if asked.count("own") == 20:
            enough.set()
        return 7

    async def away() -> int:
        asked.append("away")
        raise Unavailable("down")

    async def shared() -> int:
        asked.append("shared")
        return 10

    async def due() -> int:
        return 4

    shared_queues = {("depth", "away"): away, ("depth", "shared"): shared, ("due", "shared"): due}
    depths: list[tuple[str, int]] = []

    def on_depth(queue: str, depth: int) -> None:
        depths.append((queue, depth))

    loops = [
        asyncio.create_task(queues.follow({"own": own})),
        asyncio.create_task(queues.follow_shared(shared_queues, on_depth=on_depth)),
    ]
    async with asyncio.timeout(5):
        await enough.wait()
    for loop in loops:
        loop.cancel()
    await asyncio.wait(loops)

    assert (asked.count("away"), asked.count("shared")) == (1, 1)
    assert depths == [("shared", 10)]
    assert registry.get_sample_value("registry_queue_depth", {"queue": "own"}) == 7
    assert registry.get_sample_value("registry_queue_depth", {"queue": "shared"}) == 5
    assert registry.get_sample_value("registry_queue_due", {"queue": "shared"}) == 2


async def test_a_defect_in_a_depth_leaves_the_other_loops_and_an_orderly_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    async def broken(_: Ratings) -> int:
        failed.set()
        raise ValueError("a defect")

    monkeypatch.setattr(Ratings, "count_waiting", broken)
    app = create_app(
        Settings(data_dir=tmp_path, admin_password=SecretStr("a-password"), github_api_url="", huggingface_url="")
    )
    before = asyncio.all_tasks()

    async with app.router.lifespan_context(app):
        async with asyncio.timeout(10):
            await failed.wait()
        assert "webhooks" in {task.get_name() for task in asyncio.all_tasks()}

    assert asyncio.all_tasks() == before
