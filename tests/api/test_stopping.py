"""From SIGTERM to the end of the process: readiness, requests that still come, transfers under way, what is cut off."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.raw_http import connection, exchange, head, read_answer
from tests.api.server import RunningServer, worker
from tests.api.support import connect, eventually, log_in, metadata, multipart, publish

MIB = 1024 * 1024
SENT_FIRST = 20 * MIB
"""Enough for unfinished bytes to be seen in either store."""


def terminate(server: RunningServer) -> None:
    assert server.process is not None
    server.process.terminate()


def ended(server: RunningServer) -> int:
    """The exit code, once the process has ended by itself."""
    assert server.process is not None
    code = server.process.wait(60)
    server.process = None
    return code


def readiness(server: RunningServer) -> str:
    """As a load balancer asks: each time by a connection of its own."""
    try:
        answer = httpx.get(f"{server.url}/health/ready", timeout=10, trust_env=False)
    except httpx.TransportError:
        return "gone"
    status: str = answer.json()["status"]
    assert answer.status_code == (503 if status == "stopping" else 200)
    return status


def upload_head(server: RunningServer, token: str) -> tuple[bytes, bytes]:
    """The head of a publish, and its body of 30 MiB."""
    body, headers = multipart(metadata(), bytes(30 * MIB))
    fields = [f"{name}: {value}" for name, value in headers.items()]
    fields += [f"Authorization: Bearer {token}", f"Content-Length: {len(body)}"]
    return head("POST", "/package", *fields), body


def admin_token(server: RunningServer) -> str:
    person = log_in(server.url, server.admin_name, server.admin_password)
    person.client.close()
    return person.token


def test_a_server_that_leaves_is_not_ready_and_serves(start: ServerFactory) -> None:
    server = start(REGISTRY_LEAVE_SECONDS="60")
    with connect(server.url, admin_token(server)) as client:
        terminate(server)
        eventually(lambda: readiness(server) == "stopping")
        package = publish(client, b"late")
        answer = client.get(f"/package/{package['id']}")
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close", "the client's next request goes to another server"
        assert client.get("/health").status_code == 200
    # Asked again it does not wait any longer.
    terminate(server)
    assert ended(server) in (0, -signal.SIGTERM)


def test_a_transfer_under_way_is_finished(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(workers=2, REGISTRY_STOP_SECONDS="60", **backend)
    first, body = upload_head(server, admin_token(server))
    with connection(server.url) as line, line.makefile("rb") as stream:
        line.sendall(first + body[:SENT_FIRST])
        eventually(lambda: bool(server.stored()))
        terminate(server)
        eventually(lambda: readiness(server) == "gone", timeout_seconds=30)
        line.sendall(body[SENT_FIRST:])
        answer = read_answer(stream)
    assert answer is not None
    assert answer.status == 201, answer
    assert ended(server) == 0


def test_what_is_cut_off_gets_503_and_leaves_nothing(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(workers=2, REGISTRY_STOP_SECONDS="1", **backend)
    token = admin_token(server)
    first, body = upload_head(server, token)
    with connect(server.url, token) as client:
        package = publish(client, b"rated never", source_url=None)
    stored = server.stored()
    asked = head("GET", f"/package/{package['id']}/rate?wait=30", f"Authorization: Bearer {token}")
    waits = "REGISTRY_S3_BUCKET" in server.environment  # nobody rates: without a worker process it waits
    with connection(server.url) as line, line.makefile("rb") as stream, connection(server.url) as other:
        line.sendall(first + body[:SENT_FIRST])
        other.sendall(asked if waits else first + body[:SENT_FIRST])
        eventually(lambda: len(server.stored()) > len(stored))
        terminate(server)
        answers = [read_answer(stream)]
        with other.makefile("rb") as others:
            answers.append(read_answer(others))
    for answer in answers:
        assert answer is not None, "the connection was closed without a response"
        assert answer.status == 503, answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.document["type"] == "/problems/unavailable"
        assert answer.document["request_id"] == answer.headers["x-request-id"]
    assert ended(server) == 0
    assert server.stored() == stored
    assert "Traceback" not in server.output()


def test_a_client_that_goes_on_sending_can_read_why_it_was_cut_off(start: ServerFactory) -> None:
    server = start(REGISTRY_STOP_SECONDS="1")
    first, body = upload_head(server, admin_token(server))
    with connection(server.url) as line, line.makefile("rb") as stream:
        line.sendall(first + body[:SENT_FIRST])
        eventually(lambda: bool(server.stored()))
        terminate(server)
        eventually(lambda: not server.stored())
        line.sendall(body[SENT_FIRST:])
        answer = read_answer(stream)
    assert answer is not None
    assert answer.status == 503
    assert ended(server) in (0, -signal.SIGTERM)


@contextmanager
def load(choose: Callable[[], str], token: str) -> Iterator[list[str]]:
    """Clients that publish and read as fast as they can, over connections that they keep; what went wrong."""
    failures: list[str] = []
    stop = threading.Event()

    def work() -> None:
        clients: dict[str, httpx.Client] = {}

        def at(url: str) -> httpx.Client:
            if url not in clients:
                clients[url] = connect(url, token)
            return clients[url]

        while not stop.is_set():
            # Each request goes where one is ready by then: the host of the one before may not listen any more.
            try:
                answer = at(choose()).post("/package", json=metadata(content_base64="YQ=="))
                read = at(choose()).get(answer.headers.get("location", "/nowhere"))
                if (answer.status_code, read.status_code) != (201, 200):
                    failures.append(f"{answer.url}: {answer.status_code} {answer.text[:200]} {read.status_code}")
            except httpx.TransportError as error:
                failures.append(f"{error.request.url}: {error!r}")
        for client in clients.values():
            client.close()

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(work) for _ in range(2)]
        try:
            yield failures
        finally:
            stop.set()
        for each in running:
            each.result()


def process_ids(server: RunningServer) -> set[str]:
    assert server.process is not None
    path = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return {child for child in path.read_text().split() if "spawn_main" in _command(child)}


def _command(process_id: str) -> str:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_text()
    except OSError:
        return ""


def test_replacing_the_workers_loses_no_request(start: ServerFactory) -> None:
    server = start(workers=2, REGISTRY_LEAVE_SECONDS="1")
    before = process_ids(server)
    with load(lambda: server.url, admin_token(server)) as failures:
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: len(now := process_ids(server)) == 2 and not now & before, timeout_seconds=90)
    assert failures == []
    assert server.stop() == 0


def test_the_worker_s_port_has_the_limits_of_the_api(start: ServerFactory) -> None:
    server = start()
    with worker(server) as process:
        url = str(server.worker_url)
        eventually(lambda: _answers(url), timeout_seconds=60)
        answer = exchange(url, head("GET", "/health", *(f"A{n}: x" for n in range(128))))
        assert answer is not None
        assert answer.status == 431
        assert answer.headers["content-type"] == "application/problem+json"
        process.terminate()
        assert process.wait(60) in (0, -signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_without_requests_ends_soon(start: ServerFactory, number: signal.Signals) -> None:
    server = start()
    with connect(server.url) as idle:
        assert idle.get("/health").status_code == 200
        assert server.process is not None
        server.process.send_signal(number)
        began = time.monotonic()
        assert ended(server) in (0, -number)
    assert time.monotonic() - began < 20, "an unused connection does not hold the server"
