"""The files of a package: listed, one by one, and all of a part as a zip."""

import base64
import hashlib
import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import httpx
import pytest

from tests.api.support import JsonObject, Person, eventually, invalid, listed, pages, problem, publish
from tests.archive_forms import FORMS, tarred, zipped

_RANDOM = random.Random(11)  # noqa: S311 (test data)
SCREENSHOT = "shots/Screenshot 2026-01-02 at 3.04.05\u202fPM.png"
FILES = {
    "README.md": b"# bert-tiny\n" * 50,
    "config.json": b'{"layers": 2}',
    "model.safetensors": _RANDOM.randbytes(300_000),
    "onnx/model.onnx": bytes(200_000) + _RANDOM.randbytes(1_000),
    "train.py": b"print('training')\n" * 2_000,
    "data/train.csv": b"a,b\n1,2\n" * 9_000,
    "docs/grüße.rst": "Grüße\n".encode() * 10,
    "odd/50% of #1?&+.txt": b"percent",
    SCREENSHOT: b"png",
    "empty.txt": b"",
}
ROLES = {
    "weights": ["model.safetensors", "onnx/model.onnx"],
    "dataset": ["data/train.csv", SCREENSHOT],
    "code": ["config.json", "train.py"],
    "docs": ["README.md", "docs/grüße.rst"],
}


def files_of(person: Person, package: JsonObject, **params: str | int) -> httpx.Response:
    return person.client.get(f"/package/{package['id']}/files", params={"wait": 30, **params})


def file_of(person: Person, package: JsonObject, path: str, **headers: str) -> httpx.Response:
    return person.client.get(
        f"/package/{package['id']}/files/{quote(path)}", params={"redirect": "false"}, headers=headers
    )


def part_of(person: Person, package: JsonObject, part: str, **headers: str) -> httpx.Response:
    return person.client.get(f"/package/{package['id']}/content", params={"part": part}, headers=headers)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def archive(publisher: Person) -> JsonObject:
    return publish(publisher.client, zipped(FILES), filename="bert-tiny.zip", media_type="application/zip")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_archive_is_listed_and_served(publisher: Person, form: str) -> None:
    package = publish(publisher.client, FORMS[form](FILES), filename="content")
    assert files_of(publisher, package).status_code == 200
    walk = pages(publisher.client, f"/package/{package['id']}/files", limit=3)
    found = [item for page in walk for item in page]
    assert [item["path"] for item in found] == sorted(FILES)
    for item in found:
        data = FILES[item["path"]]
        assert (item["size"], item["sha256"]) == (len(data), sha256(data))
        assert item["part"] == next((role for role, paths in ROLES.items() if item["path"] in paths), None)
        assert (item["compressed_size"] is None) == form.startswith("tar")
        assert file_of(publisher, package, item["path"]).content == data


def test_files_with_a_prefix(publisher: Person, archive: JsonObject) -> None:
    for prefix in ("d", "data/", "data/t*", "odd/50% of #1?&+", "nothing"):
        answer = files_of(publisher, archive, prefix=prefix)
        assert [item["path"] for item in answer.json()["items"]] == [p for p in sorted(FILES) if p.startswith(prefix)]
        assert answer.json()["next_cursor"] is None
    first = files_of(publisher, archive, prefix="d", limit=1).json()
    cursor = {"cursor": first["next_cursor"], "limit": 1}
    assert files_of(publisher, archive, prefix="d", **cursor).json()["items"][0]["path"] == "docs/grüße.rst"
    invalid(files_of(publisher, archive, prefix="o", **cursor), "/cursor")


def test_the_list_is_made_once_and_can_be_waited_for(publisher: Person) -> None:
    package = publish(publisher.client, zipped({"new.txt": _RANDOM.randbytes(50)}), filename="a.zip")
    path = f"/package/{package['id']}/files"
    answer = publisher.client.get(path)
    if answer.status_code == 202:  # unless it was made already
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["location"] == path
        assert answer.json() == {"status": "queued", "package_id": package["id"]}
    waited = publisher.client.get(path, headers={"Prefer": "wait=30"})
    assert waited.json()["items"][0]["path"] == "new.txt"
    again = publish(publisher.client, publisher.client.get(f"{path}/new.txt").content, filename="new.txt")
    assert publisher.client.get(f"/package/{again['id']}/files").status_code == 200
    invalid(publisher.client.get(path, params={"wait": 31}), "/wait")


@pytest.mark.parametrize("content", [b"", b"text", bytes(100_000)])
def test_what_is_no_archive_is_a_single_file_under_its_name(publisher: Person, content: bytes) -> None:
    for name in ("model.bin", "another name.bin"):
        package = publish(publisher.client, content, filename=name)
        (item,) = files_of(publisher, package).json()["items"]
        size = len(content)
        assert item == {
            "path": name,
            "size": size,
            "sha256": sha256(content),
            "part": "weights",
            "compressed_size": size,
        }
        assert file_of(publisher, package, name).content == content
        with zipfile.ZipFile(io.BytesIO(part_of(publisher, package, "weights").content)) as made:
            assert made.testzip() is None
            assert made.read(name) == content


@pytest.mark.parametrize("path", FILES)
def test_a_file_has_its_digest_and_length(publisher: Person, archive: JsonObject, path: str) -> None:
    answer = file_of(publisher, archive, path)
    data = FILES[path]
    assert answer.content == data
    assert answer.headers["etag"] == f'"{sha256(data)}"'
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert int(answer.headers["content-length"]) == len(data)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    head = publisher.client.head(f"/package/{archive['id']}/files/{quote(path)}")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "repr-digest", "content-length", "accept-ranges"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.parametrize("path", ["model.safetensors", "data/train.csv"])
@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 9), (70_000, 70_005), (1, 71_998), (71_990, 71_999)])
def test_any_range_of_a_file(publisher: Person, archive: JsonObject, path: str, start: int, end: int) -> None:
    answer = file_of(publisher, archive, path, Range=f"bytes={start}-{end}")
    assert answer.status_code == 206
    assert answer.content == FILES[path][start : end + 1]
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(FILES[path])}"
    problem(file_of(publisher, archive, path, Range="bytes=9000000-"), 416)


def test_conditional_requests_for_a_file(publisher: Person, archive: JsonObject) -> None:
    tag = f'"{sha256(FILES["config.json"])}"'
    for header, value, status in (
        ("If-None-Match", f'"other", {tag}', 304),
        ("If-None-Match", '"other"', 200),
        ("If-Match", tag, 200),
        ("If-Match", '"other"', 412),
    ):
        assert file_of(publisher, archive, "config.json", **{header: value}).status_code == status
    for value, status in ((tag, 206), ('"other"', 200)):
        answer = file_of(publisher, archive, "config.json", **{"If-Range": value, "Range": "bytes=0-1"})
        assert answer.status_code == status


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


def test_part_is_the_same_bytes_whatever_archive_the_files_came_in(publisher: Person, archive: JsonObject) -> None:
    others = dict(reversed(FILES.items())) | {"README.md": b"another"}
    first = part_of(publisher, archive, "weights")
    for content in (zipped(others, zipfile.ZIP_STORED), tarred(others), FORMS["tar.xz"](others)):
        package = publish(publisher.client, content)
        second = part_of(publisher, package, "weights")
        assert second.content == first.content
        assert second.headers["etag"] == first.headers["etag"]
        assert (
            part_of(publisher, package, "docs").headers["etag"] != part_of(publisher, archive, "docs").headers["etag"]
        )


def test_any_range_of_a_part(publisher: Person, archive: JsonObject) -> None:
    whole = part_of(publisher, archive, "weights").content
    spots = random.Random(5)  # noqa: S311 (test data)
    for _ in range(15):
        start = spots.randrange(len(whole))
        end = spots.randrange(start, len(whole))
        answer = part_of(publisher, archive, "weights", Range=f"bytes={start}-{end}")
        assert answer.status_code == 206
        assert answer.content == whole[start : end + 1]
    problem(part_of(publisher, archive, "weights", Range=f"bytes={len(whole)}-"), 416)
    tag = part_of(publisher, archive, "code").headers["etag"]
    assert part_of(publisher, archive, "code", **{"If-None-Match": tag}).status_code == 304


def serves_itself(person: Person, package: JsonObject) -> bool:
    """Whether the blob store serves clients itself."""
    return person.client.get(package["content"]["url"]).status_code == 307


LARGE = _RANDOM.randbytes(1_700_000) * 3


@pytest.mark.parametrize("form", ["zip deflate", "zip stored", "tar.gz"])
def test_a_large_file_is_the_same_before_and_after_it_is_unpacked(publisher: Person, form: str) -> None:
    package = publish(publisher.client, FORMS[form]({"model.bin": LARGE, **FILES}))
    path = f"/package/{package['id']}/files/model.bin"
    assert file_of(publisher, package, "model.bin").content == LARGE

    def is_redirected() -> bool:
        answer = publisher.client.get(path, headers={"Range": "bytes=5000000-5000009"})
        if answer.status_code == 206:
            assert answer.content == LARGE[5_000_000:5_000_010]
            return False
        assert answer.status_code == 307
        assert answer.headers["etag"] == f'"{sha256(LARGE)}"'
        assert httpx.get(answer.headers["location"], headers={"Range": "bytes=-9"}, timeout=60).content == LARGE[-9:]
        return True

    if serves_itself(publisher, package):
        eventually(is_redirected)
    assert file_of(publisher, package, "model.bin", Range="bytes=1-5099998").content == LARGE[1:5_099_999]
    assert file_of(publisher, package, "config.json").content == FILES["config.json"]
    assert publisher.client.head(path).status_code == 200


def test_what_is_not_there_is_404(publisher: Person, archive: JsonObject) -> None:
    for path in ("nothing.txt", "data/", "data", "/README.md", "a folder", "../etc/passwd", "readme.md"):
        problem(file_of(publisher, archive, path), 404)
    package = publish(publisher.client, zipped({"model.safetensors": b"x"}))
    problem(part_of(publisher, package, "dataset"), 404)
    invalid(part_of(publisher, archive, "surprise"), "/part")


def test_permissions(only: dict[str, Person], archive: JsonObject) -> None:
    assert part_of(only["download"], archive, "docs").status_code == 200
    assert files_of(only["search"], archive).status_code == 200
    for answer in (
        part_of(only["search"], archive, "docs"),
        file_of(only["search"], archive, "README.md"),
        files_of(only["download"], archive),
    ):
        problem(answer, 403)


def patched(archive: bytes, path: str, offset: int, value: bytes) -> bytes:
    """The archive with bytes of the path's directory entry replaced."""
    start = archive.index(path.encode(), archive.index(b"PK\x01\x02")) - 46 + offset
    return archive[:start] + value + archive[start + len(value) :]


def test_names_that_are_not_utf_8_are_listed_percent_encoded_and_block_nothing(publisher: Person) -> None:
    archive = tarred({"caf??.txt": b"odd", "caf\u00e9.txt": b"UTF-8", "plain.txt": b"plain"}, tarfile.GNU_FORMAT)
    odd = tarfile.TarInfo("caf\udce9\udc85.txt")
    odd.size = 3
    header = odd.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    at = archive.index(b"caf??.txt")
    package = publish(publisher.client, archive[:at] + header + archive[at + 512 :], filename="old.tar")
    paths = [item["path"] for item in files_of(publisher, package).json()["items"]]
    assert paths == ["caf%E9%85.txt", "caf\u00e9.txt", "plain.txt"]
    for path, data in (("caf%E9%85.txt", b"odd"), ("caf\u00e9.txt", b"UTF-8")):
        assert file_of(publisher, package, path).content == data
    # The bytes of the name, encoded once, are the same file.
    exact = publisher.client.get(f"/package/{package['id']}/files/caf%E9%85.txt", params={"redirect": "false"})
    assert exact.content == b"odd"
    problem(publisher.client.get(f"/package/{package['id']}/files/caf%E9.txt"), 404)


def test_a_tar_cut_to_almost_nothing_is_a_tar_by_its_name(publisher: Person) -> None:
    content = FORMS["tar.zst"]({"a.txt": b"1"})[:20]
    damaged = publish(publisher.client, content, filename="weights.tar.zst")
    for answer in (files_of(publisher, damaged), file_of(publisher, damaged, "weights.tar.zst")):
        problem(answer, 409, slug="archive-unreadable")
    single = publish(publisher.client, content, filename="table.csv.zst")
    assert [item["path"] for item in files_of(publisher, single).json()["items"]] == ["table.csv.zst"]
    assert file_of(publisher, single, "table.csv.zst").content == content
    problem(files_of(publisher, damaged), 409, slug="archive-unreadable")


TWO = zipped({"one.bin": b"a" * 5_000, "two.bin": b"b" * 5_000})
HOSTILE = {
    "cut": (TWO[:-30], None),
    "climbing path": (zipped({"good": b"1", "../one.bin": b"a"}), "../one.bin"),
    "absolute path in a tar": (tarred({"/etc/passwd": b"a"}), "/etc/passwd"),
    "NUL": (zipped({"aXb": b"1"}).replace(b"aXb", b"a\0b"), "a\0b"),
    "path twice": (TWO.replace(b"two.bin", b"one.bin"), "one.bin"),
    "overlapping": (patched(TWO, "two.bin", 42, struct.pack("<L", 0)), "two.bin"),
    "encrypted": (patched(TWO, "one.bin", 8, b"\x01\x00"), "one.bin"),
    "damaged": (patched(TWO, "one.bin", 16, bytes(4)), "one.bin"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_one_unreadable_file_makes_the_whole_unreadable(publisher: Person, kind: str) -> None:
    content, path = HOSTILE[kind]
    package = publish(publisher.client, content, filename="x.zip")
    for answer in (
        files_of(publisher, package),
        part_of(publisher, package, "weights"),
        file_of(publisher, package, "two.bin"),
    ):
        document = problem(answer, 409, slug="archive-unreadable")
        assert document.get("path") == path
    whole = publisher.client.get(f"/package/{package['id']}/content", follow_redirects=True)
    assert whole.content == content


def test_files_of_a_quarantined_package_are_absent_for_others(
    admin: Person, publisher: Person, stranger: Person
) -> None:
    package = publish(publisher.client, zipped({"a.txt": b"1"}))
    assert files_of(stranger, package).status_code == 200
    admin.client.patch(f"/package/{package['id']}", json={"status": "quarantined"}).raise_for_status()
    for answer in (files_of(stranger, package), file_of(stranger, package, "a.txt")):
        problem(answer, 404)
    problem(file_of(publisher, package, "a.txt"), 409, slug="quarantined")


def test_replaced_content_has_other_files(publisher: Person) -> None:
    package = publish(publisher.client, zipped({"a.txt": b"1"}))
    assert file_of(publisher, package, "a.txt").content == b"1"
    metadata = json.dumps({key: package[key] for key in ("name", "version", "type")})
    parts = {"metadata": metadata.encode(), "content": tarred({"b": b"2"})}
    publisher.client.put(f"/package/{package['id']}", files=parts).raise_for_status()
    assert [item["path"] for item in files_of(publisher, package).json()["items"]] == ["b"]
    problem(file_of(publisher, package, "a.txt"), 404)
    publisher.client.delete(f"/package/{package['id']}").raise_for_status()
    problem(file_of(publisher, package, "b"), 404)


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
        package = publish(publisher.client, zipped(FILES), filename="bert-tiny.zip", media_type="application/zip")
        for _ in range(3):
            assert ask(package).status_code in (200, 206)
        path = f"/package/{package['id']}/audit"
        eventually(partial(has_one_download, publisher, path, stranger.name))


def has_one_download(person: Person, path: str, user: str) -> bool:
    return [entry["user"] for entry in listed(person.client, path) if entry["action"] == "download"] == [user]
