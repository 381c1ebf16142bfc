"""The scaled way of making ratings: jobs on a Redis stream, the cache in Redis, workers of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer, process_environment
from tests.api.support import eventually, log_in, publish
from tests.api.test_rating_sources import SOURCE, ratings_in_audit, read
from tests.api.upstreams import settings_for, upstreams_beside
from tests.engines.process import free_port
from tests.engines.redis import RedisServer
from tests.upstreams.server import Fault, Upstreams


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with upstreams_beside() as served:
        yield served


@contextmanager
def worker(server: RunningServer, *, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """`registry worker` beside a server, on the same stores; killed at the end."""
    log = Path(server.environment["REGISTRY_DATA_DIR"]).with_suffix(".worker.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "registry", "worker", "--port", str(port)],
            env=process_environment(server.environment),
            cwd=server.data_dir.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def at_scale(redis_server: RedisServer, upstreams: Upstreams) -> dict[str, str]:
    chosen = {"REGISTRY_CACHE": "redis", "REGISTRY_JOBS": "redis", "REGISTRY_REDIS_URL": redis_server.url}
    return {**settings_for(upstreams), **chosen}


def test_a_worker_makes_the_rating_and_redis_keeps_it(
    start: ServerFactory, upstreams: Upstreams, redis_server: RedisServer
) -> None:
    server = start(**at_scale(redis_server, upstreams))
    with log_in(server.url, server.admin_name, server.admin_password).client as client:
        package = publish(client, source_url=SOURCE)
        assert client.get(f"/package/{package['id']}/rate").status_code == 202
        with worker(server) as process:
            assert read(client, package)["status"] == "complete"
            answer = client.get(f"/package/{package['id']}/rate")
            assert answer.headers["x-cache"] == "hit"
            with redis.Redis.from_url(redis_server.url) as there:
                assert 0 < there.ttl(f"package_rating:{package['id']}:1") <= 330
                eventually(lambda: there.xpending("registry:ratings", "workers")["pending"] == 0)
            process.terminate()
            assert process.wait(30) == 0


def test_a_worker_tells_its_health_and_its_metrics(
    start: ServerFactory, upstreams: Upstreams, redis_server: RedisServer
) -> None:
    server, port = start(**at_scale(redis_server, upstreams)), free_port()
    with (
        log_in(server.url, server.admin_name, server.admin_password).client as client,
        worker(server, port=port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as told,
    ):
        assert read(client, publish(client, source_url=SOURCE))["status"] == "complete"
        assert told.get("/health").json() == client.get("/health").json()
        assert 'registry_rating_seconds_count{outcome="complete"} 1.0' in told.get("/metrics").text
        assert 'registry_rating_seconds_count{outcome="complete"}' not in client.get("/metrics").text


def test_without_redis_ratings_are_made_all_the_same(
    start: ServerFactory, upstreams: Upstreams, redis_server: RedisServer
) -> None:
    server = start(**at_scale(redis_server, upstreams))
    redis_server.stop()
    with log_in(server.url, server.admin_name, server.admin_password).client as client, worker(server):
        assert read(client, publish(client, source_url=SOURCE))["status"] == "complete"


def test_a_killed_workers_rating_is_finished_once_though_redis_forgot_it(
    start: ServerFactory, upstreams: Upstreams, redis_server: RedisServer
) -> None:
    upstreams.faults["/hub"] = Fault.SILENT
    server = start(**at_scale(redis_server, upstreams))
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
