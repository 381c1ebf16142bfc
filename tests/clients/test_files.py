"""Folders as packages, and the files in packages: the client and the command line against a real server."""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.client import InvalidRequest, NewPackage, NotFound, RegistryClient, SyncRegistryClient
from registry.client.folders import list_folder, pack_folder
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import log_in
from tests.clients.commands import Cli

FILES = {
    "README.md": b"# tiny\n",
    "config.json": b"{}",
    "weights/model.safetensors": bytes(range(256)) * 500,
    "weights/grüße\u202f50%.bin": b"w",
    "empty.txt": b"",
}
LEFT_OUT = {
    ".git/HEAD": b"ref",
    "weights/__pycache__/a.pyc": b"x",
    ".DS_Store": b"x",
    "notes.tmp": b"x",
    "runs/1/log.txt": b"x",
    "cache": b"x",
    "data/a/b/raw/1.csv": b"x",
}
RULES = "# what others need not have\n*.tmp\nruns/\n/cache\ndata/**/raw\n!keep.tmp\n"


def filled(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `tiny` with files to publish, and others that are left out."""
    filled(tmp_path / "tiny", {**FILES, **LEFT_OUT, "keep.tmp": b"kept"})
    (tmp_path / "tiny" / ".registryignore").write_text(RULES)
    return tmp_path / "tiny"


def packed(folder: Path) -> bytes:
    target = folder.parent / "packed.zip"
    pack_folder(folder, target)
    return target.read_bytes()


def test_the_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = packed(folder)
    other = filled(tmp_path / "elsewhere", dict(reversed((FILES | {"keep.tmp": b"kept"}).items())))
    os.utime(other / "config.json", (1, 1))
    (other / "README.md").chmod(0o700)
    assert packed(other) == first
    (other / "config.json").write_bytes(b"[]")
    assert packed(other) != first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES | {"keep.tmp": b"kept"}
        assert archive.namelist() == sorted(archive.namelist())


def test_links_to_files_are_followed_and_links_to_folders_left_out(folder: Path, tmp_path: Path) -> None:
    filled(tmp_path / "cache", {"blob": b"linked"})
    (folder / "linked.bin").symlink_to(tmp_path / "cache" / "blob")
    (folder / "loop").symlink_to(folder)
    assert [name for name, _ in list_folder(folder)] == sorted([*FILES, "keep.tmp", "linked.bin"])


def test_what_cannot_be_published_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no files"):
        list_folder(filled(tmp_path / "empty", {".git/HEAD": b"x"}))
    os.mkfifo(tmp_path / "empty" / "pipe")
    with pytest.raises(InvalidRequest, match="pipe is no file"):
        list_folder(tmp_path / "empty")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(server_environment(tmp_path_factory.mktemp("files") / "data"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(server: RunningServer) -> str:
    person = log_in(server.url, server.admin_name, server.admin_password)
    person.client.close()
    return person.token


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("*registry-part*"))


async def test_the_client_publishes_a_folder_and_reads_its_files(
    server: RunningServer, token: str, folder: Path, tmp_path: Path
) -> None:
    async with RegistryClient(server.url, token) as client:
        package = await client.publish(folder, NewPackage("acme/tiny", "1.0.0", "model"))
        assert package.content is not None
        assert package.content.filename == "tiny.zip"
        assert package.content.sha256 == hashlib.sha256(packed(folder)).hexdigest()
        found = {file.path: file async for file in client.files.list(package.id, page_size=2)}
        assert list(found) == sorted(FILES | {"keep.tmp": b""})
        assert [file.path async for file in client.files.list(package.id, prefix="weights/m")] == [
            "weights/model.safetensors"
        ]
        for path, data in FILES.items():
            assert found[path].sha256 == hashlib.sha256(data).hexdigest()
            await client.files.download(package, found[path], tmp_path / "file")
            assert (tmp_path / "file").read_bytes() == data
        await client.files.download_part(package, "weights", tmp_path / "weights.zip")
        with zipfile.ZipFile(tmp_path / "weights.zip") as archive:
            assert archive.namelist() == sorted(path for path in FILES if path.startswith("weights/"))
        with pytest.raises(NotFound):
            await client.files.download_part(package, "dataset", tmp_path / "none.zip")
        assert await client.files.find(package.id, "weights") is None
        assert not left_behind(tmp_path)


def test_the_commands(server: RunningServer, token: str, folder: Path, tmp_path: Path) -> None:
    cli = Cli(server.url)
    cli.environment["REGISTRY_TOKEN"] = token
    published = cli.run("publish", str(folder), "--name", "acme/cli", "--version", "1.0.0", "--type", "model")
    assert published.code == 0, published.err
    listed = cli.run("files", "acme/cli", "--prefix", "weights/")
    assert [document["path"] for document in listed.documents] == sorted(p for p in FILES if p.startswith("weights/"))
    for path in ("config.json", "weights/grüße\u202f50%.bin"):
        fetched = cli.run("download", "acme/cli", "--file", path, "-o", f"{tmp_path}/out/")
        assert fetched.code == 0, fetched.err
        assert Path(fetched.document["path"]).read_bytes() == FILES[path]
        assert fetched.document["sha256"] == hashlib.sha256(FILES[path]).hexdigest()
    part = cli.run("download", "acme/cli", "--part", "weights", "-o", f"{tmp_path}/out/")
    assert Path(part.document["path"]).name == "tiny-weights.zip"
    assert cli.run("download", "acme/cli", "--part", "weights", "-o", f"{tmp_path}/out/").code == 5
    assert cli.run("download", "acme/cli", "--file", "missing", "-o", f"{tmp_path}/out/").code == 3
    assert cli.run("download", "acme/cli", "--part", "surprise").code == 2
    assert cli.run("download", "acme/cli", "--part", "docs", "--file", "config.json").code == 2


ODD_NAMES = {
    "a%2Fb.txt": b"not a folder",
    "a/b.txt": b"in a folder",
    "back\\slash.txt": b"one name",
    "trailing space ": b"1",
    "trailing space": b"2",
    " leading": b"3",
    "what?#&+;=.txt": b"4",
    "100%": b"5",
    "caf%E9": b"6",
    "dots...": b"7",
    "quote\"'`$(x)": b"8",
    "-o": b"9",
}


def test_odd_names_come_back_as_they_are(server: RunningServer, token: str, tmp_path: Path) -> None:
    folder, taken = filled(tmp_path / "odd", ODD_NAMES), tmp_path / "taken"
    cli = Cli(server.url)
    cli.environment["REGISTRY_TOKEN"] = token
    with SyncRegistryClient(server.url, token) as client:
        package = client.publish(folder, NewPackage("acme/odd", "1.0.0", "code"))
        found = {file.path: file for file in client.files.list(package.id, page_size=5)}
        assert list(found) == sorted(ODD_NAMES)
        for number, (path, data) in enumerate(ODD_NAMES.items()):
            assert client.files.find(package.id, path) == found[path]
            client.files.download(package, found[path], tmp_path / "file")
            assert (tmp_path / "file").read_bytes() == data
            fetched = cli.run("download", "acme/odd", f"--file={path}", "-o", str(tmp_path / f"{number}"))
            assert fetched.code == 0, fetched.err
            assert (tmp_path / f"{number}").read_bytes() == data
            listed = cli.run("files", "acme/odd", f"--prefix={path}")
            assert path in [document["path"] for document in listed.documents]
    for path in ("a%2Fb.txt", "back\\slash.txt", "trailing space ", "dots..."):
        fetched = cli.run("download", "acme/odd", "--file", path, "--output", f"{taken}/", "--force")
        assert fetched.code == 0, fetched.err
        target = Path(fetched.document["path"])
        assert (target.parent, target.read_bytes()) == (taken, ODD_NAMES[path])


@pytest.mark.parametrize("name", ["a\x1fb", "a\x85b", "C:drive", "..\\up", "\\root", os.fsdecode(b"caf\xe9")])
def test_names_that_no_registry_lists_are_refused_before_they_are_sent(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be published"):
        list_folder(filled(tmp_path / "bad", {"good": b"1", name: b"2"}))
