"""Parts of an archive: the files, one of them, or all of one role as a zip."""

import io
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.api.support import JsonObject, Person, eventually, invalid, listed, pages, problem, publish

_RANDOM = random.Random(11)  # noqa: S311 (test data)
FILES = {
    "README.md": b"# bert-tiny\n" * 50,
    "config.json": b'{"layers": 2}',
    "model.safetensors": _RANDOM.randbytes(300_000),
    "onnx/model.onnx": bytes(200_000) + _RANDOM.randbytes(1_000),
    "train.py": b"print('training')\n" * 2_000,
    "data/train.csv": b"a,b\n1,2\n" * 9_000,
    "docs/grüße.rst": "Grüße\n".encode() * 10,
    "empty.txt": b"",
}
ROLES = {
    "weights": ["model.safetensors", "onnx/model.onnx"],
    "dataset": ["data/train.csv"],
    "code": ["config.json", "train.py"],
    "docs": ["README.md", "docs/grüße.rst"],
}
STORED = {"model.safetensors", "empty.txt"}


def packed(files: dict[str, bytes] = FILES) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("data")
        for path, data in files.items():
            method = zipfile.ZIP_STORED if path in STORED else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 2, 3, 4, 6)), data, method)
    return buffer.getvalue()


ARCHIVE = packed()


@pytest.fixture(scope="module")
def archive(publisher: Person) -> JsonObject:
    return publish(publisher.client, ARCHIVE, filename="bert-tiny.zip", media_type="application/zip")


def part_of(person: Person, package: JsonObject, part: str, **headers: str) -> httpx.Response:
    return person.client.get(f"/package/{package['id']}/content", params={"part": part}, headers=headers)


def file_of(person: Person, package: JsonObject, path: str, **headers: str) -> httpx.Response:
    return person.client.get(f"/package/{package['id']}/files/{path}", headers=headers)


def test_files_are_listed_with_what_they_count_as(publisher: Person, archive: JsonObject) -> None:
    walk = pages(publisher.client, f"/package/{archive['id']}/files", limit=3)
    found = {item["path"]: item for page in walk for item in page}
    assert list(found) == list(FILES)
    for path, data in FILES.items():
        assert found[path]["size"] == len(data)
        assert found[path]["crc32"] == f"{zlib.crc32(data):08x}"
        assert found[path]["part"] == next((role for role, paths in ROLES.items() if path in paths), None)


@pytest.mark.parametrize("role", ROLES)
def test_part_is_a_zip_of_the_files_with_that_role(publisher: Person, archive: JsonObject, role: str) -> None:
    answer = part_of(publisher, archive, role)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert f'filename="bert-tiny-{role}.zip"' in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        assert {info.filename: made.read(info) for info in made.infolist()} == {p: FILES[p] for p in ROLES[role]}
        with zipfile.ZipFile(io.BytesIO(ARCHIVE)) as original:
            for info in made.infolist():
                # Copied, not compressed again.
                before = original.getinfo(info.filename)
                assert (info.compress_type, info.compress_size) == (before.compress_type, before.compress_size)
                assert (info.date_time, info.external_attr) == (before.date_time, before.external_attr)


def test_part_is_the_same_bytes_whatever_the_rest_of_the_archive(publisher: Person, archive: JsonObject) -> None:
    others = dict(reversed(list(FILES.items()))) | {"README.md": b"another"}
    weights = {path: others.pop(path) for path in ROLES["weights"]}
    package = publish(publisher.client, packed({**weights, **others}))
    first, second = part_of(publisher, archive, "weights"), part_of(publisher, package, "weights")
    assert first.content == second.content


@pytest.mark.parametrize("tool", ["unzip", "7z"])
def test_other_programs_read_a_part(publisher: Person, archive: JsonObject, tmp_path: Path, tool: str) -> None:
    path = tmp_path / "part.zip"
    path.write_bytes(part_of(publisher, archive, "weights").content)
    commands = {"unzip": ["unzip", "-t", str(path)], "7z": ["7z", "t", str(path)]}
    if shutil.which(tool) is None:
        # Python's own reader has the last word where the program is not installed.
        with zipfile.ZipFile(path) as made:
            assert made.testzip() is None
        return
    assert subprocess.run(commands[tool], capture_output=True, check=False).returncode == 0


def test_any_range_of_a_part(publisher: Person, archive: JsonObject) -> None:
    whole = part_of(publisher, archive, "weights").content
    spots = random.Random(5)  # noqa: S311 (test data)
    for _ in range(25):
        start = spots.randrange(len(whole))
        end = spots.randrange(start, len(whole))
        answer = part_of(publisher, archive, "weights", Range=f"bytes={start}-{end}")
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
        assert answer.content == whole[start : end + 1]
    problem(part_of(publisher, archive, "weights", Range=f"bytes={len(whole)}-"), 416)


def test_part_is_not_sent_to_those_who_have_it(publisher: Person, archive: JsonObject) -> None:
    tag = part_of(publisher, archive, "code").headers["etag"]
    assert part_of(publisher, archive, "code", **{"If-None-Match": tag}).status_code == 304
    assert part_of(publisher, archive, "docs").headers["etag"] != tag
    changed = part_of(publisher, archive, "code", **{"If-Range": '"other"', "Range": "bytes=0-1"})
    assert changed.status_code == 200


@pytest.mark.parametrize("path", FILES)
def test_file_is_served_decompressed(publisher: Person, archive: JsonObject, path: str) -> None:
    answer = file_of(publisher, archive, path)
    assert answer.status_code == 200
    assert answer.content == FILES[path]
    assert int(answer.headers["content-length"]) == len(FILES[path])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("path", ["model.safetensors", "data/train.csv"])
@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 9), (70_000, 70_005), (1, 71_998), (71_990, 71_999)])
def test_any_range_of_a_file(publisher: Person, archive: JsonObject, path: str, start: int, end: int) -> None:
    answer = file_of(publisher, archive, path, Range=f"bytes={start}-{end}")
    assert answer.status_code == 206
    assert answer.content == FILES[path][start : end + 1]


def test_what_is_not_there_is_404(publisher: Person, archive: JsonObject) -> None:
    for path in ("nothing.txt", "data/", "data", "/README.md", "%2e%2e/etc/passwd"):
        problem(file_of(publisher, archive, path), 404)
    package = publish(publisher.client, packed({"model.safetensors": b"x"}))
    problem(part_of(publisher, package, "dataset"), 404)
    invalid(part_of(publisher, archive, "surprise"), "/part")


def test_permissions(only: dict[str, Person], archive: JsonObject) -> None:
    assert part_of(only["download"], archive, "docs").status_code == 200
    for answer in (
        part_of(only["search"], archive, "docs"),
        file_of(only["search"], archive, "README.md"),
        only["search"].client.get(f"/package/{archive['id']}/files"),
    ):
        problem(answer, 403)


def patched(archive: bytes, path: str, offset: int, value: bytes) -> bytes:
    """The archive with bytes of the path's directory entry replaced."""
    start = archive.index(path.encode(), archive.index(b"PK\x01\x02")) - 46 + offset
    return archive[:start] + value + archive[start + len(value) :]


TWO = packed({"one.bin": b"a" * 5_000, "two.bin": b"b" * 5_000})
HOSTILE = {
    "no zip": b"plain text",
    "empty": b"",
    "cut": TWO[:-30],
    "end records that promise more": b"PK\x05\x06" * 40,
    "only its end": TWO[-60:],
    "climbing path": packed({"../one.bin": b"a"}),
    "absolute path": packed({"/etc/passwd": b"a"}),
    "path with a backslash": packed({"a\\b": b"a"}),
    "path twice": TWO.replace(b"two.bin", b"one.bin"),
    "overlapping": patched(TWO, "two.bin", 42, struct.pack("<L", 0)),
    "beyond the end": patched(TWO, "two.bin", 20, struct.pack("<L", 1_000_000)),
    "too large to be true": patched(TWO, "two.bin", 24, struct.pack("<L", 2**31)),
    "volumes": TWO[:-18] + b"\x01\x00" + TWO[-16:],
    "more than it has": TWO[:-12] + b"\xff\x00" + TWO[-10:],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_crafted_and_damaged_archives_are_refused(publisher: Person, kind: str) -> None:
    package = publish(publisher.client, HOSTILE[kind], filename="x.zip")
    for answer in (
        publisher.client.get(f"/package/{package['id']}/files"),
        part_of(publisher, package, "weights"),
        file_of(publisher, package, "one.bin"),
    ):
        assert problem(answer, 409, slug="archive-unreadable")["detail"]
    assert publisher.client.get(f"/package/{package['id']}/content", follow_redirects=True).content == HOSTILE[kind]


def test_encrypted_files_are_refused(publisher: Person) -> None:
    package = publish(publisher.client, patched(TWO, "one.bin", 8, b"\x01\x00"))
    problem(file_of(publisher, package, "one.bin"), 409, slug="archive-unreadable")
    problem(part_of(publisher, package, "weights"), 409, slug="archive-unreadable")
    assert file_of(publisher, package, "two.bin").content == b"b" * 5_000


def test_damaged_file_never_looks_whole(publisher: Person) -> None:
    package = publish(publisher.client, patched(TWO, "one.bin", 16, b"\x00\x00\x00\x00"))
    problem(file_of(publisher, package, "one.bin"), 409, slug="archive-unreadable")


def test_parts_files_and_ranges_are_recorded(publisher: Person, stranger: Person) -> None:
    asked: list[Callable[[JsonObject], httpx.Response]] = [
        lambda package: part_of(stranger, package, "docs"),
        lambda package: file_of(stranger, package, "config.json"),
        lambda package: file_of(stranger, package, "train.py", Range="bytes=-10"),
        lambda package: stranger.client.get(
            package["content"]["url"], params={"redirect": "false"}, headers={"Range": "bytes=100-200"}
        ),
    ]
    for ask in asked:
        package = publish(publisher.client, ARCHIVE, filename="bert-tiny.zip", media_type="application/zip")
        for _ in range(3):
            assert ask(package).status_code in (200, 206)
        path = f"/package/{package['id']}/audit"
        eventually(partial(has_one_download, publisher, path, stranger.name))


def has_one_download(person: Person, path: str, user: str) -> bool:
    return [entry["user"] for entry in listed(person.client, path) if entry["action"] == "download"] == [user]
