"""The client when things break: cut connections, busy or odd servers, wrong bytes, redirects."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.client import (
    Conflict,
    DigestMismatch,
    FileChanged,
    InvalidAnswer,
    InvalidRequest,
    NewPackage,
    NotAllowed,
    Package,
    RegistryClient,
    Retries,
    ServerFailed,
    TooManyRequests,
    Unreachable,
    safe_filename,
)
from tests.clients.conftest import QUICK, Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD
from tests.clients.served import Fault
from tests.clients.test_client import names_in

MIB = 1024 * 1024
BYTES = os.urandom(MIB) * 5
NEW = NewPackage("tiny", "1.0.0", "model")


def problem(status: int, slug: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    document = {"type": f"/problems/{slug}", "title": slug, "status": status, "detail": "not now"}
    return status, {"Content-Type": "application/problem+json", **headers}, json.dumps(document).encode()


@pytest.fixture
def stored(fake: Fake) -> str:
    """The id of a package with BYTES."""
    metadata = {"name": "tiny", "version": "1.0.0", "type": "model"}
    return fake.registry.store(ADMIN, metadata, BYTES, filename="tiny.bin").id


@pytest.fixture
async def package(client: RegistryClient, stored: str) -> Package:
    return await client.get(stored)


async def test_a_cut_download_goes_on_where_it_ended(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    cuts = [Fault("GET", "/content", cut_after=size) for size in (MIB + 1, 2 * MIB, 0, 1)]
    fake.server.faults += cuts
    await client.download(package, tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == BYTES
    requests = fake.server.seen("GET", "/content")
    assert sum(request.bytes_sent for request in requests) == len(BYTES)
    assert [request.headers.get("range") for request in requests] == [
        None,
        f"bytes={MIB + 1}-",
        f"bytes={3 * MIB + 1}-",
        f"bytes={3 * MIB + 1}-",
        f"bytes={3 * MIB + 2}-",
    ]
    assert all(request.headers["if-range"] for request in requests[1:])


async def test_a_download_that_gets_nowhere_ends_and_keeps_what_came(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    fake.server.faults += [Fault("GET", "/content", cut_after=MIB), *(Fault("GET", "/content", cut_after=0),) * 4]
    with pytest.raises(Unreachable, match="run it again to go on"):
        await client.download(package, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()

    fake.server.faults.clear()
    fake.server.requests.clear()
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BYTES
    assert [request.bytes_sent for request in fake.server.seen("GET", "/content")] == [len(BYTES) - MIB]


_DOWNLOAD = """
import asyncio, sys
from pathlib import Path
from registry.client import RegistryClient

async def main(url, token, package_id, destination):
    async with RegistryClient(url, token) as client:
        await client.download(await client.get(package_id), Path(destination))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_download_is_resumed_by_the_next_process(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    fake.server.faults.append(stall := Fault("GET", "/content", stall_after=3 * MIB))
    token = (await client.login(ADMIN, ADMIN_PASSWORD)).access_token
    command = [sys.executable, "-c", _DOWNLOAD, fake.url, token, package.id, str(tmp_path / "copy")]
    part = tmp_path / "copy.part"
    process = subprocess.Popen(command)  # noqa: ASYNC220 – the server has a thread of its own
    try:
        while not (part.exists() and part.stat().st_size >= 2 * MIB):
            assert process.poll() is None
            time.sleep(0.005)  # noqa: ASYNC251
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        stall.release.set()

    kept = part.stat().st_size
    assert not (tmp_path / "copy").exists()
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BYTES
    assert fake.server.seen("GET", "/content")[-1].bytes_sent == len(BYTES) - kept
    assert names_in(tmp_path) == ["copy"]


async def test_content_that_changed_is_fetched_from_the_start(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    fake.server.faults += [Fault("GET", "/content", cut_after=MIB), *(Fault("GET", "/content", cut_after=0),) * 4]
    with pytest.raises(Unreachable):
        await client.download(package, tmp_path / "copy")
    (tmp_path / "new").write_bytes(b"new bytes")
    changed = await client.replace(package.id, NEW, path=tmp_path / "new")
    await client.download(changed, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"new bytes"


async def test_a_changed_etag_makes_the_server_send_everything(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    assert package.content is not None
    (tmp_path / "copy.part").write_bytes(BYTES[:MIB])
    state = {"sha256": package.content.sha256, "etag": '"another"'}
    (tmp_path / "copy.part.json").write_text(json.dumps(state))
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BYTES
    assert fake.server.seen("GET", "/content")[-1].bytes_sent == len(BYTES)


@pytest.mark.parametrize("state", ["", "[]", '{"etag": "x"}', "\x00"])
async def test_a_part_of_unknown_origin_is_not_trusted(
    client: RegistryClient, package: Package, tmp_path: Path, state: str
) -> None:
    (tmp_path / "copy.part").write_bytes(b"something else")
    (tmp_path / "copy.part.json").write_text(state)
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BYTES


@pytest.mark.parametrize(
    "served", [BYTES[:-1] + b"?", BYTES[:-1], BYTES + b"more", b""], ids=["other", "short", "long", "nothing"]
)
async def test_wrong_bytes_are_thrown_away(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path, served: bytes
) -> None:
    (tmp_path / "copy").write_bytes(b"what was there before")
    fake.registry.bytes[package.id] = served
    with pytest.raises(DigestMismatch, match="thrown away"):
        await client.download(package, tmp_path / "copy")
    assert names_in(tmp_path) == ["copy"]
    assert (tmp_path / "copy").read_bytes() == b"what was there before"


async def test_a_signed_address_gets_no_token(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    fake.registry.redirect_content = True
    fake.server.faults.append(Fault("GET", f"/bucket/{package.id}", cut_after=2 * MIB))
    await client.download(package, tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == BYTES
    first, second = fake.server.seen("GET", f"/bucket/{package.id}")
    assert not {"authorization", "x-authorization", "cookie"} & (first.headers.keys() | second.headers.keys())
    assert second.headers["if-range"].startswith('"bucket-')
    assert (first.bytes_sent, second.bytes_sent) == (2 * MIB, 3 * MIB)
    assert all("authorization" in request.headers for request in fake.server.seen("GET", "/content"))


async def test_an_answer_that_is_another_range_is_refused(
    client: RegistryClient, fake: Fake, package: Package, tmp_path: Path
) -> None:
    fake.server.faults.append(Fault("GET", "/content", reply=(206, {"Content-Range": "bytes 7-8/9"}, b"xx")))
    with pytest.raises(InvalidAnswer, match="another range"):
        await client.download(package, tmp_path / "copy")
    assert names_in(tmp_path) == []


async def test_a_lost_answer_to_a_publish_does_not_publish_twice(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(BYTES)
    fake.server.faults.append(Fault("POST", "/package", cut_after=10))
    package = await client.publish(tmp_path / "model", NEW)

    first, second = fake.server.seen("POST", "/package")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["content-length"] == second.headers["content-length"]
    assert list(fake.registry.packages) == [package.id]
    with pytest.raises(Conflict):
        await client.publish(tmp_path / "model", NEW)


async def test_a_refusal_before_the_end_of_an_upload_is_heard(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    with (tmp_path / "model").open("wb") as file:
        file.truncate(64 * MIB)
    refusal = problem(403, "permission-denied")
    fake.server.faults.append(Fault("POST", "/package", reply=refusal))
    with pytest.raises(NotAllowed):
        await client.publish(tmp_path / "model", NEW)


async def test_a_file_that_changes_under_way_is_not_published(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    for change, error in ((BYTES + b"more", FileChanged), (b"less", FileChanged), (BYTES[::-1], InvalidRequest)):
        path.write_bytes(BYTES)

        def progress(phase: str, *, done: int, total: int, change: bytes = change) -> None:
            if phase == "upload" and done == 0:
                path.write_bytes(change)

        with pytest.raises(error):
            await client.publish(path, NEW, progress=progress)
    assert fake.registry.packages == {}


async def test_a_busy_registry_is_asked_again_after_its_own_wait(
    client: RegistryClient, fake: Fake, stored: str
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    token = (await client.login(ADMIN, ADMIN_PASSWORD)).access_token
    busy = problem(503, "unavailable", **{"Retry-After": "7"})
    async with RegistryClient(fake.url, token, retries=Retries(sleep=sleep)) as patient:
        fake.server.faults += [
            Fault("GET", stored, reply=busy),
            Fault("GET", stored, reply=problem(429, "throttled", **{"Retry-After": "3"})),
            Fault("GET", stored, reply=problem(503, "unavailable")),
        ]
        assert (await patient.get(stored)).id == stored
        assert waits[:2] == [7.0, 3.0]
        assert 0.5 <= waits[2] <= 1.0

        fake.server.faults += [Fault("GET", stored, reply=busy)] * 4
        with pytest.raises(ServerFailed, match="not now"):
            await patient.get(stored)
        assert len(waits) == 3 + 3

        fake.server.faults.append(Fault("GET", stored, reply=problem(429, "throttled", **{"Retry-After": "3600"})))
        with pytest.raises(TooManyRequests):
            await patient.get(stored)
        assert len(waits) == 3 + 3


async def test_what_may_have_happened_is_not_done_again(client: RegistryClient, fake: Fake, stored: str) -> None:
    fake.server.faults += [
        Fault("PATCH", stored, reply=problem(503, "unavailable")),
        Fault("PATCH", stored, cut_after=10),
        Fault("PATCH", stored, reply=problem(429, "throttled")),
    ]
    with pytest.raises(ServerFailed):
        await client.update(stored, {"description": "x"})
    with pytest.raises(Unreachable):
        await client.update(stored, {"description": "x"})
    assert (await client.update(stored, {"description": "x"})).revision == 3
    assert len(fake.server.seen("PATCH", stored)) == 4


async def test_nobody_there_is_told_after_a_few_tries(client: RegistryClient) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with RegistryClient("http://127.0.0.1:1", "token", retries=Retries(sleep=sleep)) as lonely:
        with pytest.raises(Unreachable, match=r"no answer from http://127\.0\.0\.1:1"):
            await lonely.delete("an-id")
    assert len(waits) == 3
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
        (200, {"Content-Type": "application/json"}, b"[]"),
        (200, {"Content-Type": "application/json"}, b'{"id": 1}'),
        (200, {"Content-Type": "application/json"}, b"\xff"),
        (302, {"Location": "https://elsewhere.example.org/login"}, b""),
    ],
)
async def test_other_servers_are_recognised(
    client: RegistryClient, fake: Fake, stored: str, reply: tuple[int, dict[str, str], bytes]
) -> None:
    fake.server.faults.append(Fault("GET", stored, reply=reply))
    with pytest.raises(InvalidAnswer):
        await client.get(stored)


async def test_an_error_without_a_problem_document_is_told_by_its_status(
    client: RegistryClient, fake: Fake, stored: str
) -> None:
    page = (502, {"Content-Type": "text/html", "X-Request-Id": "proxy-1"}, b"<html>oops</html>")
    fake.server.faults.append(Fault("GET", stored, reply=page))
    with pytest.raises(ServerFailed, match=r"^Bad Gateway$") as caught:
        await client.get(stored)
    assert (caught.value.status, caught.value.slug, caught.value.request_id) == (502, "", "proxy-1")


async def test_not_ready_is_an_answer(fake: Fake) -> None:
    fake.registry.is_ready = False
    async with RegistryClient(fake.url, retries=QUICK) as client:
        readiness = await client.ready()
    assert not readiness.ready
    assert readiness.document["components"]["records"] == {"status": "failing"}
    assert len(fake.server.seen("GET", "/health/ready")) == 1


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("model.zip", "model.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.bin", "x.bin"),
        ("..", "tiny-1.0.0"),
        ("a\x1b[31m\n", "a_[31m_"),
        (".bashrc", "bashrc"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_strangers_file_name_cannot_leave_the_folder(given: str, safe: str) -> None:
    assert safe_filename(given, otherwise="tiny-1.0.0") == safe
