"""Names in archives: of any bytes, as they are; the dangerous ones refused."""

import io
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from tests.archive_forms import tarred, zipped
from tests.unit.manifests import manifest_of, paths_of, read


def test_the_form_of_paths() -> None:
    assert paths_of(tarred({"./a": b"1", "././b//c": b"2", "d\\e": b"3"})) == ["a", "b/c", "d\\e"]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "path", ["../a", "a/../b", "/etc/passwd", "a\nb", "a\x1b[31m", "..", "\\\\host\\a", "C:\\a", "..\\a"]
)
def test_dangerous_paths_make_the_whole_unreadable(pack: Callable[[dict[str, bytes]], bytes], path: str) -> None:
    reading = read(pack({"good": b"1", path: b"2"}))
    assert reading.problem
    assert reading.path == path
    assert not reading.text


def test_a_path_with_a_nul_or_twice_makes_the_whole_unreadable() -> None:
    nul = zipped({"good": b"1", "aXb": b"2"}).replace(b"aXb", b"a\0b")
    assert read(nul).path == "a\0b"
    twice = zipped({"one.bin": b"1", "two.bin": b"2"}).replace(b"two.bin", b"one.bin")
    assert (read(twice).path, read(twice).problem) == ("one.bin", "it is there twice")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("a", "./a"):
            archive.addfile(tarfile.TarInfo(name))
    assert read(buffer.getvalue()).path == "a"
    entry = tarfile.TarInfo("x")
    entry.pax_headers = {"path": "a\0b"}
    assert read(entry.tobuf(tarfile.PAX_FORMAT)).path == "a\0b"


def renamed(archive: bytes, names: dict[bytes, bytes]) -> bytes:
    """A zip with other bytes, as many, for names in it."""
    for name, other in names.items():
        assert len(name) == len(other)
        archive = archive.replace(name, other)
    return archive


def tar_of(names: list[bytes], form: int) -> bytes:
    """A tar with a file of each name, whose data is the name. In pax, what is no UTF-8 is marked as binary."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for name in names:
            entry = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name))
    return buffer.getvalue()


ODD = {
    b"plain.txt": "plain.txt",
    b"caf\xe9.txt": "caf%E9.txt",
    b"\x80\x85\x9f.bin": "%80%85%9F.bin",
    "caf\u00e9.txt".encode(): "caf\u00e9.txt",
    b"50%\xff": "50%25%FF",
    b"50%": "50%",
    b"50%25": "50%25",
    b"\xed\xb3\xa9": "%ED%B3%A9",
    b"\x93\xfa\x96{/" + b"\x93" * 120: "%93%FA%96{/" + "%93" * 120,
}
"""Bytes of names, and how they are listed: as they are, but for bytes that are not UTF-8, which are percent-encoded."""


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_of_any_bytes_in_tars(form: int) -> None:
    manifest = manifest_of(tar_of(list(ODD), form))
    assert [entry.path for entry in manifest.entries()] == sorted(ODD.values())
    for raw, path in ODD.items():
        entry = manifest.find(path)
        assert entry is not None
        assert entry.size == len(raw)


def test_names_of_any_bytes_in_zips_that_claim_to_be_utf_8() -> None:
    archive = zipped({"a\u00e9\u00e9": b"1", "b\u00e9\u00e9": b"2"}, zipfile.ZIP_STORED)
    assert paths_of(renamed(archive, {"b\u00e9\u00e9".encode(): b"b\xe9\x80\xff\xfe"})) == [
        "a\u00e9\u00e9",
        "b%E9%80%FF%FE",
    ]


def test_what_zips_do_not_say_is_read_in_code_page_437_unless_another_file_is_called_so() -> None:
    archive = renamed(zipped({"f?": b"1", "./g\u00e9": b"2"}, zipfile.ZIP_STORED), {b"f?": b"f\x82"})
    assert paths_of(archive) == ["f\u00e9", "g\u00e9"]
    archive = renamed(zipped({"f?": b"1", "./f\u00e9": b"2"}, zipfile.ZIP_STORED), {b"f?": b"f\x82"})
    assert paths_of(archive) == ["f%82", "f\u00e9"]


def test_what_is_listed_alike_is_escaped_again() -> None:
    names = [b"\xe9", b"%E9", b"%25E9", b"\xea"]
    assert paths_of(tar_of(names, tarfile.GNU_FORMAT)) == ["%2525E9", "%25E9", "%E9", "%EA"]
    twice = read(tar_of([b"\xe9", b"./\xe9"], tarfile.GNU_FORMAT))
    assert (twice.problem, twice.path) == ("it is there twice", "%E9")
