"""A sweep of manifests and unpacked files asks little about what stays."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.unpacked_world import archives, embedded_stores, process


async def test_a_sweep_of_what_stays_costs_one_call_however_much_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded_stores(tmp_path) as stores, process(stores) as world:
        first, second = [await world.publish(archive) for archive in archives()[:2]]
        for package in (first, second):
            for _ in range(2):
                await world.read(package, "model.bin")
                await world.unpacked.make_wanted()
        assert len(await world.unpacked_keys()) == 1
        calls: list[str] = []
        for port, name in (
            (stores.maintenance, "live_blob_keys"),
            (world.derived, "find"),
            (world.derived, "drop_users"),
        ):
            monkeypatch.setattr(port, name, noted(getattr(port, name), name, calls))
        assert await world.housekeeping.collect() == 0
        assert calls == ["live_blob_keys"]
        await world.remove(first, crash=True)
        assert await world.housekeeping.collect() == 1
        assert len(await world.unpacked_keys()) == 1, "the other content has the same file"


def noted(method: Callable[..., Awaitable[Any]], name: str, calls: list[str]) -> Callable[..., Awaitable[Any]]:
    def call(*arguments: Any, **options: Any) -> Awaitable[Any]:
        calls.append(name)
        return method(*arguments, **options)

    return call
