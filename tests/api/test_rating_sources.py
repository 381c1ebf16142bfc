"""Ratings when sources fail, when many ask at once, and when whoever makes them is killed."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.support import JsonObject, eventually, listed, log_in, publish
from tests.api.upstreams import settings_for, upstreams_beside
from tests.upstreams.server import Fault, Upstreams

SOURCE = "https://huggingface.co/org/tiny"


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with upstreams_beside() as served:
        yield served


def read(client: httpx.Client, package: JsonObject, *, wait: int = 30) -> JsonObject:
    answer = client.get(f"/package/{package['id']}/rate", params={"wait": wait})
    assert answer.status_code == 200, answer.text
    rating: JsonObject = answer.json()
    return rating


def ratings_in_audit(client: httpx.Client, package: JsonObject) -> int:
    entries = listed(client, f"/package/{package['id']}/audit")
    return [entry["action"] for entry in entries].count("rate")


def test_every_source_is_asked(start: ServerFactory, upstreams: Upstreams) -> None:
    server = start(**settings_for(upstreams))
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        rating = read(client, publish(client, source_url=SOURCE))
    assert rating["status"] == "complete"
    sources = {metric["source"] for metric in rating["metrics"].values()}
    assert {"github", "huggingface"} <= sources
    assert upstreams.count("/chat/completions") == 1


def test_a_hundred_at_once_start_one_computation(
    start: ServerFactory, backend: Mapping[str, str], upstreams: Upstreams
) -> None:
    upstreams.faults["/hub/api/models"] = Fault.SILENT
    patient = {"REGISTRY_RATING_LEASE_SECONDS": "30", "REGISTRY_JOBS": "local"}
    server = start(workers=2, **{**backend, **settings_for(upstreams), **patient})
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        package = publish(client, source_url=SOURCE)
        path = f"/package/{package['id']}/rate"
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: client.get(path), range(100)))
        assert {answer.status_code for answer in answers} == {202}
        assert answers[0].json() == {"status": "queued", "package_id": package["id"]}
        assert answers[0].headers["location"] == path
        assert int(answers[0].headers["retry-after"]) >= 1
        assert client.get(f"{path}/receipt").status_code == 404

        del upstreams.faults["/hub/api/models"]
        upstreams.release()
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: client.get(path, params={"wait": 30}), range(100)))
        assert {answer.status_code for answer in answers} == {200}
        assert upstreams.count("/hub/api/models/org/tiny") == 1
        assert ratings_in_audit(client, package) == 1


def test_a_killed_server_finishes_its_rating_once(
    start: ServerFactory, backend: Mapping[str, str], upstreams: Upstreams
) -> None:
    upstreams.faults["/hub"] = Fault.SILENT
    server = start(workers=2, **{**backend, **settings_for(upstreams), "REGISTRY_JOBS": "local"})
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        package = publish(client, source_url=SOURCE)
        eventually(lambda: upstreams.count("/hub/api/models/org/tiny") > 0)
    server.kill()
    upstreams.faults.clear()
    server.start()
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        # A lease of 2 s and a sweep every second: within some 4 s on an idle machine.
        assert read(client, package)["status"] == "complete"
        assert ratings_in_audit(client, package) == 1
