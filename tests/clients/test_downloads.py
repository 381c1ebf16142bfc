"""Downloads when things break: cut and killed transfers, wrong bytes, redirects."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.client import (
    DigestMismatch,
    InvalidAnswer,
    NewPackage,
    Package,
    RegistryClient,
    Unreachable,
    safe_filename,
)
from tests.clients.conftest import BYTES, Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD
from tests.clients.served import Fault
from tests.clients.test_client import names_in

MIB = 1024 * 1024
NEW = NewPackage("tiny", "1.0.0", "model")


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
    part = tmp_path / "copy.registry-part"
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
    (tmp_path / "copy.registry-part").write_bytes(BYTES[:MIB])
    state = {"sha256": package.content.sha256, "etag": '"another"'}
    (tmp_path / "copy.registry-part.json").write_text(json.dumps(state))
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BYTES
    assert fake.server.seen("GET", "/content")[-1].bytes_sent == len(BYTES)


@pytest.mark.parametrize("state", ["", "[]", '{"etag": "x"}', "\x00"])
async def test_a_part_of_unknown_origin_is_not_trusted(
    client: RegistryClient, package: Package, tmp_path: Path, state: str
) -> None:
    (tmp_path / "copy.registry-part").write_bytes(b"something else")
    (tmp_path / "copy.registry-part.json").write_text(state)
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


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("model.zip", "model.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.bin", "x.bin"),
        ("..", "tiny-1.0.0"),
        ("a\x1b[31m\n", "a_[31m_"),
        (".bashrc", "bashrc"),
        ("x" * 300, "x" * 182 + "~0d4e2ca9e9cbced7~"),
    ],
)
def test_a_strangers_file_name_cannot_leave_the_folder(given: str, safe: str) -> None:
    assert safe_filename(given, otherwise="tiny-1.0.0") == safe
