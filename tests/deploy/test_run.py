"""The services of the compose file that is made of the task definitions, run as processes, against the engines.

What a container engine would add (the image, its user, its read-only file system) is checked elsewhere: by the
template's tests and by `docker/check-restarts`.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest

from deploy.aws.compose import render
from registry.cli.serving import CUT_OFF_SECONDS
from tests.api.backends import ENGINES, SCALED, backend_settings
from tests.api.raw_http import connection, head, read_answer
from tests.api.server import RunningServer, server_environment, start_server, worker
from tests.api.support import connect, eventually, log_in, metadata, multipart, publish
from tests.api.test_stopping import admin_token, ended, load, readiness, terminate

pytestmark = pytest.mark.engines(*ENGINES)
# Where the engines and the files of a test are: the test says so in place of the stack.
OF_THE_PLACE = {"REGISTRY_DATA_DIR", "REGISTRY_S3_PUBLIC_ENDPOINT_URL", "TMPDIR"}
UPLOAD_BYTES = 2 * 1024 * 1024
BACKENDS = ("REGISTRY_RECORDS", "REGISTRY_BLOBS", "REGISTRY_CACHE", "REGISTRY_JOBS")


def environment(service: str, data_dir: Path, engines: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service of the compose file, with the engines and secrets of this test."""
    rendered = render()["services"][service]
    assert rendered["command"] == [{"api": "serve", "worker": "worker"}[service]], "what start_server and worker run"
    given = {name: value for name, value in rendered["environment"].items() if name not in OF_THE_PLACE | set(engines)}
    given |= {name: rendered["environment"][name] for name in BACKENDS}
    return server_environment(data_dir, **{**engines, **given})


def is_ready(host: RunningServer) -> bool:
    """Whatever else it says: a load balancer goes by the status alone."""
    try:
        return httpx.get(f"{host.url}/health/ready", timeout=10, trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def ready_hosts(hosts: list[RunningServer]) -> Iterator[list[str]]:
    """The URLs of those that are ready, as a load balancer keeps them."""
    ready, over = [host.url for host in hosts], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            ready[:] = [host.url for host in hosts if is_ready(host)]

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield ready
        finally:
            over.set()
        looking.result()


def upload_meanwhile(host: RunningServer, token: str, stop: Callable[[], None]) -> str:
    """An upload of which half is sent, and the rest once the host has been told to stop and does not listen any more.

    Where the package is.
    """
    body, headers = multipart(metadata(), bytes(UPLOAD_BYTES))
    fields = [f"{name}: {value}" for name, value in headers.items()]
    first = head("POST", "/package", *fields, f"Authorization: Bearer {token}", f"Content-Length: {len(body)}")
    with connection(host.url) as line, line.makefile("rb") as stream:
        line.sendall(first + body[: len(body) // 2])
        stop()
        eventually(lambda: readiness(host) == "gone", timeout_seconds=60)
        line.sendall(body[len(body) // 2 :])
        answer = read_answer(stream)
    assert answer is not None, "the connection was closed without a response"
    assert answer.status == 201, answer
    return answer.headers["location"]


def test_a_rolling_update_of_the_tasks_loses_no_request(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engines = backend_settings(request, SCALED)
    hosts = [start_server(environment("api", tmp_path / f"api-{number}", engines)) for number in range(2)]
    api = render()["services"]["api"]
    stop_seconds = int(api["stop_grace_period"].removesuffix("s"))
    assert (api["stop_signal"], api["deploy"]["replicas"]) == (signal.SIGTERM.name, len(hosts))
    turns = count()

    def choose() -> str:
        while not (now := list(ready)):
            time.sleep(0.01)
        return now[next(turns) % len(now)]

    try:
        token = admin_token(hosts[0])
        with ready_hosts(hosts) as ready, load(choose, token) as failures:
            for host in hosts:
                began = time.monotonic()
                # Is under way longer than the host takes requests: it is read from another one.
                location = upload_meanwhile(host, token, lambda host=host: terminate(host))  # type: ignore[misc]
                with connect(choose(), token) as client:
                    assert client.get(location).status_code == 200
                assert ended(host) in (0, -signal.SIGTERM)
                assert time.monotonic() - began < stop_seconds - CUT_OFF_SECONDS
                host.start()
                eventually(lambda host=host: host.url in ready, timeout_seconds=60)  # type: ignore[misc]
        assert failures == []
    finally:
        for host in hosts:
            if host.process is not None:
                host.kill()


def test_a_worker_with_the_task_s_settings_makes_ratings(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engines = backend_settings(request, SCALED)
    server = start_server(environment("api", tmp_path / "api", engines))
    person = log_in(server.url, server.admin_name, server.admin_password)
    try:
        server.environment = environment("worker", tmp_path / "worker", engines) | {
            "REGISTRY_ADMIN_PASSWORD": server.admin_password
        }
        with person.client as client, worker(server) as process:
            package = publish(client, b"bytes")
            answer = client.get(f"/package/{package['id']}/rate", params={"wait": 30})
            assert answer.status_code == 200, answer.text
            assert httpx.get(f"{server.worker_url}/health", trust_env=False).status_code == 200
            process.terminate()
            assert process.wait(60) in (0, -signal.SIGTERM)
        assert b'"registry_rating_seconds_count":' in (tmp_path / "worker.worker.log").read_bytes()
    finally:
        server.kill()
