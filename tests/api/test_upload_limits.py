"""Limits of uploads, each on a server of its own: quotas, how many, how long, how slow, and how much memory."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer, process_environment
from tests.api.support import Person, connect, json_package, log_in, metadata, multipart, problem, publish, send_package
from tests.api.uploads import PART_BYTES, begin, complete, cut, opened, send, send_all, sha256_of, some_bytes, state

MIB = 1024 * 1024
DATA = some_bytes(3 * PART_BYTES)
PARTS = {"REGISTRY_UPLOAD_PART_BYTES": str(PART_BYTES)}


@contextmanager
def signed_in(server: RunningServer) -> Iterator[Person]:
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        yield person


def metric(server: RunningServer, name: str) -> float:
    with connect(server.url) as client:
        found = re.search(rf"^{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_quota_counts_what_is_stored_and_what_is_announced(start: ServerFactory) -> None:
    server = start(REGISTRY_MAX_USER_BYTES=str(len(DATA) + 1_000), **PARTS)
    with signed_in(server) as admin:
        upload = opened(admin, DATA)
        problem(begin(admin, some_bytes(1_001)), 413, slug="quota-reached")
        problem(send_package(admin.client, content=bytes(1_001)), 413, slug="quota-reached")
        problem(admin.client.post("/package", json=json_package(bytes(1_001))), 413, slug="quota-reached")
        small = publish(admin.client, bytes(1_000))
        problem(send_package(admin.client, content=b"x"), 413, slug="quota-reached")
        send_all(admin, upload, DATA)
        assert complete(admin, upload).status_code == 201
        assert admin.client.delete(f"/package/{small['id']}").status_code == 204
        assert publish(admin.client, bytes(1_000))["content"]["size"] == 1_000
        assert len(server.blob_files()) == 2


def test_a_quota_holds_for_publishes_that_began_together(start: ServerFactory, backend: Mapping[str, str]) -> None:
    """Each of them found the room empty when it began."""
    server = start(**backend, REGISTRY_MAX_USER_BYTES="4000")
    with signed_in(server) as admin, ThreadPoolExecutor(12) as pool:
        begun = Barrier(12)

        def slowly(_: int) -> int:
            body, content_type = multipart(metadata(), bytes(3_000))

            def halves() -> Iterator[bytes]:
                yield body[:-1_000]
                begun.wait(20)
                yield body[-1_000:]

            return admin.client.post("/package", content=halves(), headers=content_type).status_code

        statuses = list(pool.map(slowly, range(12)))
        assert set(statuses) <= {201, 413, 503}
        assert statuses.count(201) <= 1
        problem(send_package(admin.client, content=bytes(4_001 - 3_000 * statuses.count(201))), 413)
        assert len(server.stored()) == statuses.count(201)


def test_replacing_counts_the_difference_only(start: ServerFactory) -> None:
    server = start(REGISTRY_MAX_USER_BYTES="1000")
    with signed_in(server) as admin:
        package = publish(admin.client, bytes(900))
        described = {member: package[member] for member in ("name", "version", "type")}
        path = f"/package/{package['id']}"
        assert send_package(admin.client, described, bytes(1_000), method="PUT", path=path).status_code == 200
        problem(send_package(admin.client, described, bytes(1_001), method="PUT", path=path), 413)


def test_size_of_one_package(start: ServerFactory) -> None:
    with signed_in(start(REGISTRY_MAX_PACKAGE_BYTES="1000")) as admin:
        problem(begin(admin, bytes(1_001)), 413, slug="too-large")
        assert begin(admin, bytes(1_000)).status_code == 201


def test_open_uploads_of_a_user(start: ServerFactory) -> None:
    with signed_in(start(REGISTRY_MAX_OPEN_UPLOADS="2")) as admin:
        first, _ = opened(admin, DATA), opened(admin, DATA)
        refusal = begin(admin, DATA)
        problem(refusal, 429)
        assert int(refusal.headers["retry-after"]) > 0
        assert admin.client.delete(f"/uploads/{first['id']}").status_code == 204
        assert begin(admin, DATA).status_code == 201


def test_abandoned_upload_expires_and_leaves_nothing(start: ServerFactory) -> None:
    server = start(REGISTRY_UPLOAD_SECONDS="1", REGISTRY_SWEEP_INTERVAL_SECONDS="1", **PARTS)
    with signed_in(server) as admin:
        upload = opened(admin, DATA)
        send(admin, upload, 1, cut(upload, DATA)[1])
        assert len(server.blob_files()) == 2
        deadline = time.monotonic() + 30
        while server.blob_files() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.blob_files() == []
        problem(admin.client.get(f"/uploads/{upload['id']}"), 404)
        problem(admin.client.post(f"/uploads/{upload['id']}/complete"), 404)
        assert metric(server, "registry_expired_uploads_total") == 1


def test_sweep_leaves_open_uploads_alone_and_counts_what_it_removes(start: ServerFactory) -> None:
    server = start(REGISTRY_SWEEP_INTERVAL_SECONDS="1", REGISTRY_SWEEP_GRACE_SECONDS="0", **PARTS)
    stray = server.data_dir / "blobs" / "ab" / ("ab" + "0" * 30)
    with signed_in(server) as admin:
        upload = opened(admin, DATA)
        send_all(admin, upload, DATA)
        stray.write_bytes(b"x" * 77)
        deadline = time.monotonic() + 30
        while stray.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not stray.exists()
        assert len(state(admin, upload)["parts"]) == 3
        assert complete(admin, upload).status_code == 201
        assert metric(server, "registry_swept_blobs_total") == 1
        assert metric(server, "registry_swept_bytes_total") == 77


def test_dry_run_tells_and_removes_nothing(start: ServerFactory) -> None:
    server = start(REGISTRY_UPLOAD_SECONDS="1", **PARTS)
    with signed_in(server) as admin:
        opened(admin, DATA)
        stray = server.data_dir / "blobs" / "ab" / ("ab" + "0" * 30)
        stray.write_bytes(b"x" * 77)
        time.sleep(1)
        command = [sys.executable, "-m", "registry", "maintenance", "sweep", "--dry-run", "--grace-seconds", "0"]
        environment = process_environment(server.environment)
        done = subprocess.run(command, env=environment, cwd=server.data_dir.parent, capture_output=True, text=True)
        assert "would remove 1 expired uploads, 1 blobs (77 bytes)" in done.stdout, done.stderr
        assert stray.exists()


def test_scrub_counts_damaged_packages(start: ServerFactory) -> None:
    server = start(REGISTRY_SCRUB_INTERVAL_SECONDS="1")
    with signed_in(server) as admin:
        package = publish(admin.client, b"good bytes")
        (blob,) = server.blob_files()
        blob.write_bytes(b"bad bytes!")
        deadline = time.monotonic() + 30
        while metric(server, "registry_damaged_packages") == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert metric(server, "registry_damaged_packages") == 1
        assert package["id"] in server.output()


def test_reset_drops_open_uploads(start: ServerFactory) -> None:
    server = start(**PARTS)
    with signed_in(server) as admin:
        upload = opened(admin, DATA)
        send_all(admin, upload, DATA)
        assert admin.client.delete("/reset").status_code == 200
        assert server.blob_files() == []
        problem(admin.client.get(f"/uploads/{upload['id']}"), 404)


@contextmanager
def begun_part(
    server: RunningServer, person: Person, path: str, length: int, *, sent: int = 1_000
) -> Iterator[socket.socket]:
    """A request whose body begins and then does not go on."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        headers = ["Host: x", f"Authorization: Bearer {person.token}", f"Content-Length: {length}"]
        head = "\r\n".join([f"PUT {path} HTTP/1.1", *headers, "", ""])
        connection.sendall(head.encode() + b"x" * sent)
        yield connection


def test_silent_client_is_told_and_let_go(start: ServerFactory) -> None:
    server = start(REGISTRY_UPLOAD_IDLE_SECONDS="1", **PARTS)
    with signed_in(server) as admin:
        upload = opened(admin, DATA)
        with begun_part(server, admin, f"/uploads/{upload['id']}/parts/1", PART_BYTES) as connection:
            connection.settimeout(30)
            assert connection.recv(12) == b"HTTP/1.1 408"
        assert state(admin, upload)["parts"] == []


def test_an_upload_that_finds_no_memory_waits_and_then_is_503(start: ServerFactory) -> None:
    # Memory for one body of 4 MiB, and too little patience to see that it comes slowly.
    server = start(REGISTRY_UPLOAD_MEMORY_BYTES=str(4 * MIB), REGISTRY_UPLOAD_WAIT_SECONDS="1")
    with signed_in(server) as admin:
        upload = opened(admin, bytes(16 * MIB))
        path = f"/uploads/{upload['id']}/parts"
        with begun_part(server, admin, f"{path}/1", 8 * MIB, sent=200_000):
            time.sleep(0.3)
            refused = admin.client.put(f"{path}/2", content=bytes(8 * MIB))
            problem(refused, 503)
            assert int(refused.headers["retry-after"]) > 0
            # Small requests do not wait.
            assert admin.client.get("/packages").status_code == 200
            assert publish(admin.client, b"small")["content"]["size"] == 5
        sent = admin.client.put(f"{path}/2", content=bytes(8 * MIB))
        assert sent.status_code == 204


def test_a_slow_body_gives_its_memory_to_those_that_wait(start: ServerFactory) -> None:
    server = start(REGISTRY_UPLOAD_MEMORY_BYTES=str(4 * MIB))
    with signed_in(server) as admin:
        upload = opened(admin, bytes(16 * MIB))
        path = f"/uploads/{upload['id']}/parts"
        with begun_part(server, admin, f"{path}/1", 8 * MIB, sent=200_000) as connection:
            assert admin.client.put(f"{path}/2", content=bytes(8 * MIB)).status_code == 204
            connection.settimeout(30)
            assert connection.recv(12) == b"HTTP/1.1 503"


@pytest.mark.performance
def test_memory_is_bounded_whatever_the_number_of_uploads(start: ServerFactory) -> None:
    server = start(REGISTRY_UPLOAD_MEMORY_BYTES=str(32 * MIB))
    data = some_bytes(8 * MIB)
    with signed_in(server) as admin:
        publish(admin.client, b"warm")
        before = server.memory_peak_bytes()

        def upload_one(_: int) -> str:
            with connect(server.url, admin.token) as client:
                person = Person(admin.name, "", admin.token, client)
                upload = opened(person, data, metadata=metadata())
                send_all(person, upload, data)
                return str(complete(person, upload).json()["content"]["sha256"])

        with ThreadPoolExecutor(20) as pool:
            assert set(pool.map(upload_one, range(20))) == {sha256_of(data)}
        grown = server.memory_peak_bytes() - before
    # 160 MiB went through 32 MiB; the interpreter's and the allocator's share comes on top.
    assert grown < 96 * MIB
