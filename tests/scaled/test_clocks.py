"""Hosts whose clocks are a minute apart: what one changes holds on the other at once, and search misses nothing."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from registry.adapters.dynamodb.change_positions import MAX_SKEW
from registry.adapters.system import SystemClock
from registry.services.container import Services
from registry.settings import load_settings
from tests.scaled.world import opened_app, publish

Host = tuple[httpx.AsyncClient, Services]


class WrongClock:
    """A host's clock that is `ahead` of the time."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead


@pytest.fixture(params=[MAX_SKEW, -MAX_SKEW], ids=["ahead", "late"])
async def hosts(request: pytest.FixtureRequest, backend: dict[str, str], tmp_path: Path) -> AsyncIterator[list[Host]]:
    """One whose clock is right, and one whose clock is not."""
    async with AsyncExitStack() as stack:
        opened = []
        for name, clock in (("right", SystemClock()), ("wrong", WrongClock(request.param))):
            settings = load_settings().model_copy(update={"data_dir": tmp_path / name})
            opened.append(await stack.enter_async_context(opened_app(settings, host_clock=clock)))
        yield opened


async def _found(host: Host, needle: str) -> set[str]:
    """What a search finds once the host has looked for changes of others, as it does twice a second."""
    client, services = host
    await services.index_follower.catch_up()
    answer = await client.post("/package/byRegEx", json={"regex": needle})
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


async def test_what_one_host_changes_holds_on_the_other_at_once(hosts: list[Host]) -> None:
    for here, there in (hosts, hosts[::-1]):
        needle = f"needle{uuid.uuid4().hex}"
        package = await publish(here[0], readme=f"a {needle}")
        assert (await there[0].get(f"/package/{package['id']}")).json() == package
        listed = await there[0].get("/packages", params={"name": package["name"]})
        assert [item["id"] for item in listed.json()["items"]] == [package["id"]]
        assert await _found(there, needle) == {package["id"]}
        assert (await here[0].delete(f"/package/{package['id']}")).status_code == 204
        assert (await there[0].get(f"/package/{package['id']}")).status_code == 404
        assert await _found(there, needle) == set()


async def test_hosts_agree_on_the_time(hosts: list[Host]) -> None:
    dates = [datetime.fromisoformat((await publish(client))["created_at"]) for client, _ in hosts]
    assert abs(dates[1] - dates[0]) < MAX_SKEW / 2


async def test_a_permission_that_one_host_takes_is_gone_on_the_other(hosts: list[Host]) -> None:
    for (here, _), (there, _) in (hosts, hosts[::-1]):
        person = {"name": f"u{uuid.uuid4().hex}", "password": uuid.uuid4().hex}
        added = await here.post("/users", json={**person, "permissions": ["search"]})
        assert added.status_code == 201, added.text
        form = {"username": person["name"], "password": person["password"]}
        token = (await there.post("/auth/token", data=form)).json()["access_token"]
        sent = {"Authorization": f"Bearer {token}"}
        for client in (here, there):
            assert (await client.get("/packages", headers=sent)).status_code == 200
        await here.put(f"/users/{person['name']}/permissions", json={"permissions": ["download"]})
        assert (await there.get("/packages", headers=sent)).status_code == 403
