"""The scaled way of making ratings: jobs on a Redis stream, the cache in Redis, workers of their own."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis

from registry.adapters.redis.jobs import STREAM
from tests.api.backends import BACKENDS, backend_settings
from tests.api.conftest import ServerFactory
from tests.api.server import worker
from tests.api.support import eventually, log_in, publish
from tests.api.test_rating_sources import SOURCE, ratings_in_audit, read
from tests.api.upstreams import settings_for, upstreams_beside
from tests.engines.redis import RedisServer
from tests.upstreams.server import Fault, Upstreams


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with upstreams_beside() as served:
        yield served


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, upstreams: Upstreams, redis_server: RedisServer) -> Mapping[str, str]:
    """Records and bytes in either storage backend."""
    chosen = {"REGISTRY_CACHE": "redis", "REGISTRY_JOBS": "redis", "REGISTRY_REDIS_URL": redis_server.url}
    return {**backend_settings(request, request.param), **settings_for(upstreams), **chosen}


def test_a_worker_makes_the_rating_and_redis_keeps_it(
    start: ServerFactory, settings: Mapping[str, str], redis_server: RedisServer
) -> None:
    server = start(**settings)
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        package = publish(client, source_url=SOURCE)
        assert client.get(f"/package/{package['id']}/rate").status_code == 202
        with worker(server) as process:
            assert read(client, package)["status"] == "complete"
            answer = client.get(f"/package/{package['id']}/rate")
            assert answer.headers["x-cache"] == "hit"
            with redis.Redis.from_url(redis_server.url) as there:
                assert 0 < there.ttl(f"package_rating:{package['id']}:1") <= 330
                eventually(lambda: there.xpending(STREAM, "workers")["pending"] == 0)
            process.terminate()
            assert process.wait(30) == 0


def test_a_worker_tells_its_health_and_its_metrics(start: ServerFactory, settings: Mapping[str, str]) -> None:
    server = start(**settings)
    with (
        log_in(server.url, server.admin_name, server.admin_password).client as client,
        worker(server),
        httpx.Client(base_url=server.rater_url) as told,
    ):
        assert read(client, publish(client, source_url=SOURCE))["status"] == "complete"
        assert told.get("/health").json() == client.get("/health").json()
        assert 'registry_rating_seconds_count{outcome="complete"} 1.0' in told.get("/metrics").text
        assert 'registry_rating_seconds_count{outcome="complete"}' not in client.get("/metrics").text


def test_without_redis_ratings_are_made_all_the_same(
    start: ServerFactory, settings: Mapping[str, str], redis_server: RedisServer
) -> None:
    server = start(**settings)
    redis_server.stop()
    with log_in(server.url, server.admin_name, server.admin_password).client as client, worker(server):
        package = publish(client, source_url=SOURCE)
        eventually(lambda: client.get(f"/package/{package['id']}/rate").status_code == 200, timeout_seconds=90)
        assert read(client, package)["status"] == "complete"


@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
def test_a_worker_survives_a_crash_of_redis_without_a_trace(
    start: ServerFactory, settings: Mapping[str, str], redis_server: RedisServer
) -> None:
    # No sweep: the rating after the crash is made because the queue is back.
    server = start(**{**settings, "REGISTRY_RATING_SWEEP_SECONDS": "3600"})
    log = server.data_dir.with_suffix(".worker.log")
    with log_in(server.url, server.admin_name, server.admin_password).client as client, worker(server) as process:
        assert read(client, publish(client, source_url=SOURCE))["status"] == "complete"
        redis_server.kill()
        eventually(lambda: "job_queue_away" in log.read_text())
        redis_server.start()
        eventually(lambda: "job_queue_back" in log.read_text())
        assert read(client, publish(client, source_url=SOURCE))["status"] == "complete"
        assert process.poll() is None
    assert "Traceback" not in log.read_text()
    assert log.read_text().count("job_queue_away") == 1


def test_a_killed_workers_rating_is_finished_once_though_redis_forgot_it(
    start: ServerFactory, settings: Mapping[str, str], upstreams: Upstreams, redis_server: RedisServer
) -> None:
    upstreams.faults["/hub"] = Fault.SILENT
    server = start(**settings)
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        with worker(server):
            package = publish(client, source_url=SOURCE)
            eventually(lambda: upstreams.count("/hub/api/models/org/tiny") > 0, timeout_seconds=60)
        redis_server.stop()
        redis_server.start()
        upstreams.faults.clear()
        with worker(server), worker(server), ThreadPoolExecutor(20) as threads:
            # A lease of 2 s and a sweep every second: within some 4 s of the workers' start.
            ratings = list(threads.map(lambda _: read(client, package), range(100)))
            assert {rating["status"] for rating in ratings} == {"complete"}
            assert ratings_in_audit(client, package) == 1
            # Asked once by the worker that was killed, and once by whoever finished.
            assert upstreams.count("/hub/api/models/org/tiny") == 2
