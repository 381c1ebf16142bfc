"""Large files against a real server: parts, ranges, and what a kill costs."""

import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from registry.client import (
    Conflict,
    DigestMismatch,
    FileChanged,
    NewPackage,
    Phase,
    RegistryClient,
    Transfers,
)
from registry.client.folders import pack_folder
from tests.api.server import RunningServer, process_environment, server_environment, start_server

PART_BYTES = 256 * 1024
SIZE = 24 * PART_BYTES + 1_234
KILLS = 20
DATA = random.Random(3).randbytes(SIZE)  # noqa: S311 (test data)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("large") / "data"
    running = start_server(server_environment(folder, REGISTRY_UPLOAD_PART_BYTES=str(PART_BYTES)))
    yield running
    running.stop()


@pytest.fixture
def transfers(tmp_path: Path) -> Transfers:
    return Transfers(
        parts_above_bytes=PART_BYTES,
        ranges_above_bytes=PART_BYTES,
        range_bytes=PART_BYTES,
        state_folder=tmp_path / "state",
    )


@pytest.fixture
async def client(server: RunningServer, transfers: Transfers) -> AsyncIterator[RegistryClient]:
    async with RegistryClient(server.url, transfers=transfers) as client:
        await client.login(server.admin_name, server.admin_password)
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(DATA)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def only_file(folder: Path) -> Path:
    (name,) = names_in(folder)
    return folder / name


def received_bytes(server: RunningServer) -> int:
    """Bytes of request bodies that the server has taken in, by its own count."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        lines = client.get("/metrics").text.splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith("registry_http_received_bytes_total ")]
    return int(float(value))


async def test_publishes_in_parts_and_downloads_by_ranges(client: RegistryClient, path: Path, tmp_path: Path) -> None:
    seen: list[tuple[Phase, int]] = []

    def progress(phase: Phase, *, done: int, total: int) -> None:
        assert 0 <= done <= total == SIZE
        seen.append((phase, done))

    package = await client.publish(path, NewPackage("acme/whole", "1.0.0", "model"), progress=progress)
    assert package.content is not None
    assert (package.content.sha256, package.content.filename) == (SHA256, path.name)
    assert [entry for entry in seen if entry[0] == "upload"][-1:] == [("upload", SIZE)]
    copy = tmp_path / "copy.bin"
    await client.download(package, copy, progress=progress)
    assert copy.read_bytes() == DATA
    assert max(done for phase, done in seen if phase == "download") == SIZE
    assert names_in(tmp_path) == ["copy.bin", "state", "weights.bin"]
    assert names_in(tmp_path / "state") == []


async def test_several_streams(server: RunningServer, path: Path, tmp_path: Path) -> None:
    transfers = Transfers(parts_above_bytes=0, upload_streams=3, state_folder=tmp_path / "state")
    async with RegistryClient(server.url, transfers=transfers) as client:
        await client.login(server.admin_name, server.admin_password)
        package = await client.publish(path, NewPackage("acme/streams", "1.0.0", "model"))
    assert package.content is not None
    assert package.content.sha256 == SHA256


def run_publisher(
    server: RunningServer, token: str, tmp_path: Path, name: str, *, kill_at: int, path: str = "weights.bin"
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.clients.large_publisher"]
    arguments = [server.url, token, str(tmp_path / "state"), str(tmp_path / path), name, str(kill_at)]
    return subprocess.run(
        [*command, *arguments], env=process_environment({}), capture_output=True, text=True, timeout=60, check=False
    )


def log_in(server: RunningServer) -> str:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        form = {"username": server.admin_name, "password": server.admin_password}
        return str(client.post("/auth/token", data=form).json()["access_token"])


def test_killed_again_and_again_sends_a_part_again_at_most(server: RunningServer, path: Path, tmp_path: Path) -> None:
    token = log_in(server)
    before = received_bytes(server)
    spots = sorted(random.Random(9).sample(range(SIZE), KILLS))  # noqa: S311 (test data)
    for spot in spots:
        killed = run_publisher(server, token, tmp_path, "acme/killed", kill_at=spot)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = run_publisher(server, token, tmp_path, "acme/killed", kill_at=0)
    assert done.returncode == 0, done.stderr
    assert done.stdout == SHA256
    # What was asked besides (opening the upload, signing in) is small.
    assert received_bytes(server) - before <= SIZE + KILLS * PART_BYTES + 40_000


def make_folder(tmp_path: Path, *, last: bytes = b"last") -> Path:
    """A folder whose zip has as many parts as the file, and differs with `last` at its end only."""
    folder = tmp_path / "model"
    folder.mkdir(exist_ok=True)
    for number in range(4):
        (folder / f"shard-{number}.bin").write_bytes(DATA[number::4])
    (folder / "tail.txt").write_bytes(last)
    return folder


def test_a_folder_that_is_packed_again_goes_on_where_it_was_killed(server: RunningServer, tmp_path: Path) -> None:
    token = log_in(server)
    folder = make_folder(tmp_path)
    pack_folder(folder, tmp_path / "expected.zip")
    expected = (tmp_path / "expected.zip").read_bytes()
    before = received_bytes(server)
    spots = [SIZE // 5, SIZE // 2, SIZE - PART_BYTES]
    for spot in spots:
        killed = run_publisher(server, token, tmp_path, "acme/folder", kill_at=spot, path="model")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        for path in folder.iterdir():
            os.utime(path, (spot, spot))  # a checkout or a copy between two tries
    done = run_publisher(server, token, tmp_path, "acme/folder", kill_at=0, path="model")
    assert done.stdout == hashlib.sha256(expected).hexdigest(), done.stderr
    assert received_bytes(server) - before <= len(expected) + len(spots) * PART_BYTES + 40_000
    assert names_in(tmp_path / "state") == []


def test_a_folder_that_was_changed_meanwhile_is_another_upload(server: RunningServer, tmp_path: Path) -> None:
    token = log_in(server)
    make_folder(tmp_path)
    run_publisher(server, token, tmp_path, "acme/edited", kill_at=SIZE // 2, path="model")
    pack_folder(make_folder(tmp_path, last=b"edited"), tmp_path / "expected.zip")
    done = run_publisher(server, token, tmp_path, "acme/edited", kill_at=0, path="model")
    assert done.stdout == hashlib.sha256((tmp_path / "expected.zip").read_bytes()).hexdigest(), done.stderr
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        (package,) = client.get("/packages", params={"name": "acme/edited"}).json()["items"]
        files = client.get(f"/package/{package['id']}/files", params={"wait": "30"}).json()["items"]
        assert client.get(f"/package/{package['id']}/files/tail.txt").content == b"edited"
    assert [file["path"] for file in files] == [f"shard-{number}.bin" for number in range(4)] + ["tail.txt"]


def test_goes_on_after_the_server_was_killed(server: RunningServer, path: Path, tmp_path: Path) -> None:
    token = log_in(server)
    run_publisher(server, token, tmp_path, "acme/restarted", kill_at=SIZE // 2)
    server.kill()
    server.start()
    done = run_publisher(server, token, tmp_path, "acme/restarted", kill_at=0)
    assert done.stdout == SHA256, done.stderr
    assert received_bytes(server) < SIZE * 3 // 4


def test_part_that_is_there_with_other_bytes_is_sent_again(server: RunningServer, path: Path, tmp_path: Path) -> None:
    token = log_in(server)
    run_publisher(server, token, tmp_path, "acme/spoilt", kill_at=SIZE // 2)
    with contextlib.closing(sqlite3.connect(server.data_dir / "registry.db")) as database:
        (upload_id,) = database.execute("SELECT id FROM uploads").fetchone()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        assert client.put(f"/uploads/{upload_id}/parts/1", content=bytes(PART_BYTES)).status_code == 204
    before = received_bytes(server)
    done = run_publisher(server, token, tmp_path, "acme/spoilt", kill_at=0)
    assert done.stdout == SHA256, done.stderr
    assert received_bytes(server) - before < SIZE * 3 // 4


async def test_without_resume_it_begins_anew(client: RegistryClient, path: Path, tmp_path: Path) -> None:
    new = NewPackage("acme/anew", "1.0.0", "model")
    await client.publish(path, new)
    with pytest.raises(Conflict):
        await client.publish(path, new, resume=False)
    left = only_file(tmp_path / "state")
    assert json.loads(left.read_text()).keys() == {"key"}


async def test_state_that_makes_no_sense_is_no_obstacle(client: RegistryClient, path: Path, tmp_path: Path) -> None:
    new = NewPackage("acme/odd-state", "1.0.0", "model")
    package = await client.publish(path, new)
    with pytest.raises(Conflict):
        await client.publish(path, new)
    left = only_file(tmp_path / "state")
    left.write_text("no JSON")
    await client.delete(package.id)
    assert (await client.publish(path, new)).content is not None


async def test_file_that_changes_under_way_is_told(client: RegistryClient, path: Path, tmp_path: Path) -> None:
    def change(phase: Phase, *, done: int, total: int) -> None:
        if phase == "upload" and done == 0:
            path.write_bytes(bytes(SIZE))

    with pytest.raises(FileChanged):
        await client.publish(path, NewPackage("acme/changed", "1.0.0", "model"), progress=change)
    assert names_in(tmp_path / "state") == []


async def test_download_goes_on_with_the_ranges_that_are_missing(
    client: RegistryClient, path: Path, tmp_path: Path
) -> None:
    package = await client.publish(path, NewPackage("acme/ranges", "1.0.0", "model"))
    copy = tmp_path / "copy.bin"

    class Stopped(Exception):
        pass

    def stop(phase: Phase, *, done: int, total: int) -> None:
        if phase == "download" and done > SIZE // 2:
            raise Stopped

    with pytest.raises(Stopped):
        await client.download(package, copy, progress=stop)
    assert not copy.exists()
    fetched: list[int] = []

    def note(phase: Phase, *, done: int, total: int) -> None:
        if phase == "download":
            fetched.append(done)

    await client.download(package, copy, progress=note)
    assert fetched[0] > SIZE // 3
    assert copy.read_bytes() == DATA


def scrub(server: RunningServer) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "registry", "maintenance", "scrub"],
        env=process_environment(server.environment),
        cwd=server.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_damaged_content_is_refused_and_named(
    server: RunningServer, client: RegistryClient, path: Path, tmp_path: Path
) -> None:
    package = await client.publish(path, NewPackage("acme/damaged", "1.0.0", "model"))
    copy = tmp_path / "copy.bin"
    blob = max(server.blob_files(), key=lambda found: found.stat().st_mtime_ns)
    blob.chmod(0o600)
    with blob.open("r+b") as file:
        file.seek(SIZE // 2)
        file.write(bytes([DATA[SIZE // 2] ^ 1]))
    with pytest.raises(DigestMismatch):
        await client.download(package, copy)
    assert not copy.exists()
    assert not {"copy.bin.registry-part", "copy.bin.registry-part.ranges"} & set(names_in(tmp_path))
    done = scrub(server)
    assert done.returncode == 1
    assert package.id in done.stdout
