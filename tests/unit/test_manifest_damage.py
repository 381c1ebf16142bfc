"""What makes an archive unreadable: damage of every kind, and what is said of it."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from registry.formats.manifests.entries import SINGLE
from registry.formats.manifests.job import is_tar_name
from tests.archive_forms import FORMS, tarred, zipped, zstandard
from tests.unit.manifests import paths_of, read

_RANDOM = random.Random(18)  # noqa: S311 (test data)


def patched(archive: bytes, path: str, offset: int, value: bytes) -> bytes:
    """The zip with bytes of the path's entry in the table of contents replaced."""
    start = archive.index(path.encode(), archive.index(b"PK\x01\x02")) - 46 + offset
    return archive[:start] + value + archive[start + len(value) :]


TWO = zipped({"one.bin": b"a" * 5_000, "two.bin": b"b" * 5_000}, zipfile.ZIP_STORED)
DEFLATED = zipped({"one.bin": b"a" * 5_000, "two.bin": _RANDOM.randbytes(5_000)})
DAMAGED = {
    "cut": (TWO[:-30], None),
    "only its end": (b"PK\x03\x04" + TWO[-60:], None),
    "end records that promise more": (b"PK\x05\x06" * 40, None),
    "volumes": (TWO[:-18] + b"\x01\x00" + TWO[-16:], None),
    "more than it has": (TWO[:-12] + b"\xff\x00" + TWO[-10:], None),
    "overlapping": (patched(TWO, "two.bin", 42, struct.pack("<L", 0)), "two.bin"),
    "beyond the end": (patched(TWO, "two.bin", 20, struct.pack("<2L", 1_000_000, 1_000_000)), "two.bin"),
    "sizes that differ": (patched(TWO, "two.bin", 24, struct.pack("<L", 4_999)), "two.bin"),
    "too large to be true": (patched(DEFLATED, "two.bin", 24, struct.pack("<L", 2**31)), "two.bin"),
    "larger than it says": (patched(DEFLATED, "two.bin", 24, struct.pack("<L", 4_000)), "two.bin"),
    "encrypted": (patched(TWO, "one.bin", 8, b"\x01\x00"), "one.bin"),
    "unknown method": (patched(TWO, "one.bin", 10, b"\x09\x00"), "one.bin"),
    "wrong checksum": (patched(TWO, "one.bin", 16, bytes(4)), "one.bin"),
    "damaged data": (DEFLATED.replace(b"two.bin", b"two.bin\xff\xff\xff\xff", 1)[:-4], None),
    "another name inside": (TWO.replace(b"one.bin", b"two.BIN", 1), "one.bin"),
    "tar cut in a file": (tarred({"a": b"1", "b": bytes(5_000)})[:4_000], "b"),
    "tar with a damaged header": (tarred({"a": b"1" * 600, "b": b"2"}).replace(b"b\0\0\0", b"c\0\0\0", 1), "a"),
    "tar.gz cut": (gzip.compress(tarred({"a": _RANDOM.randbytes(9_000)}), mtime=0)[:-4_000], None),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_makes_the_whole_unreadable_and_names_the_file(kind: str) -> None:
    data, path = DAMAGED[kind]
    reading = read(data)
    assert reading.problem
    assert reading.path == path or path is None


def tar_with_all() -> tuple[bytes, set[int]]:
    """A tar with long names, listings of folders (a type whose data is skipped) and sizes that need padding; and where
    its members end.
    """
    buffer, ends = io.BytesIO(), set[int]()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, size in (("a", b"0", 700), ("dump", b"D", 1_300), ("long" * 40, b"0", 30), ("end", b"D", 90)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.size = kind, size
            if kind == b"D":  # tarfile writes no data for types that it does not know
                archive.addfile(entry)
                buffer.write(_RANDOM.randbytes(size).ljust(-(-size // 512) * 512, b"\0"))
                archive.offset = buffer.tell()
            else:
                archive.addfile(entry, io.BytesIO(_RANDOM.randbytes(size)))
            ends.add(buffer.tell())
    return buffer.getvalue(), ends


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_tar_that_is_cut_anywhere_within_a_member_is_unreadable(packed: Callable[[bytes], bytes]) -> None:
    whole, ends = tar_with_all()
    assert paths_of(packed(whole)) == ["a", "long" * 40]
    last = max(ends)
    assert not any(whole[last:])
    for cut in {*range(300, last, 97), *range(512, last, 512), *(end - 1 for end in ends)}:
        reading = read(packed(whole[:cut]))
        assert bool(reading.problem) == (cut not in ends), (cut, reading)


def test_a_tar_may_lack_its_end_but_not_the_file_that_its_last_header_announces() -> None:
    entry = tarfile.TarInfo("x" * 150)
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        reading = read(entry.tobuf(form)[:-512])
        assert (reading.problem, reading.path) == ("the archive ends before it", "x" * 150)


def test_members_of_zips_share_no_bytes_by_the_length_of_the_extra_field_before_their_data() -> None:
    data = b"b" * 5_000
    archive = zipped({"one.bin": data, "two.bin": data}, zipfile.ZIP_STORED)
    assert paths_of(archive) == ["one.bin", "two.bin"]
    one, two = (archive.index(b"PK\x03\x04", archive.index(name) - 30) for name in (b"one.bin", b"two.bin"))
    same = archive[: one + 28] + struct.pack("<H", two - one) + archive[one + 30 :]
    with zipfile.ZipFile(io.BytesIO(same)) as opened:
        assert opened.read("one.bin") == data  # by another reader, which does not see it
    reading = read(same)
    assert (reading.problem, reading.path) == ("it shares bytes with another file", "two.bin")
    beyond = archive[: two + 28] + struct.pack("<H", 30) + archive[two + 30 :]
    assert read(beyond).problem == "it reaches beyond the end of the archive"


def with_zip64_end(archive: bytes, *, plain: dict[int, int] | None = None, more: bytes = b"", **stated: int) -> bytes:
    """The zip with an end record of zip64, fields of it as `stated`, and places of the plain record set."""
    end = archive.rindex(b"PK\x05\x06")
    fields = list(struct.unpack("<4s4H2LH", archive[end:]))
    count, length, offset = fields[4:7]
    for place, value in (plain or {}).items():
        fields[place] = value
    values = {"disk": 0, "count": count, "length": length, "offset": offset} | stated
    record = struct.pack(
        "<4sQ2H2L4Q",
        b"PK\x06\x06",
        44,
        45,
        45,
        values["disk"],
        0,
        count,
        *(values[n] for n in ("count", "length", "offset")),
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, values.get("at", end + len(more)), 1)
    return archive[:end] + more + record + locator + struct.pack("<4s4H2LH", *fields)


def test_end_records_of_zips_say_the_same() -> None:
    assert paths_of(with_zip64_end(TWO)) == ["one.bin", "two.bin"]
    large = {1: 0xFFFF, 2: 0xFFFF, 3: 0xFFFF, 4: 0xFFFF, 5: 0xFFFF_FFFF, 6: 0xFFFF_FFFF}
    assert paths_of(with_zip64_end(TWO, plain=large)) == ["one.bin", "two.bin"]
    assert paths_of(b"#!prefix" + with_zip64_end(TWO, plain=large)) == ["one.bin", "two.bin"]
    for place, value in ((1, 1), (2, 1), (4, 2), (5, 100), (6, 17)):
        assert read(with_zip64_end(TWO, plain={place: value})).problem == "its end records contradict each other"
    other = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 0, 0, 0, 0)
    at = TWO.rindex(b"PK\x05\x06")
    assert read(with_zip64_end(TWO, plain=large, more=other, at=at)).problem == "its end records contradict each other"


@pytest.mark.parametrize("form", [form for form in FORMS if form.startswith("tar")])
def test_a_tar_cut_to_almost_nothing_is_no_single_file(form: str) -> None:
    archive = FORMS[form]({"a": _RANDOM.randbytes(400)})
    for cut in (6, 7, 20, 100, 270, 300, 400, 511):
        if cut < len(archive) and (form.startswith("tar.") or cut > 262):
            assert read(archive[:cut]).problem, cut


def test_what_is_damaged_before_it_shows_a_tar_is_one_by_its_name() -> None:
    for data in (zstandard(b"text" * 99)[:-5], bz2.compress(b"text")[:-2], lzma.compress(b"text")[:-2], b"BZhello"):
        reading = read(data)
        assert (reading.container, bool(reading.problem)) == (SINGLE, True)
    for data in (zstandard(b"text"), gzip.compress(b"text", mtime=0), zstandard(b"")):
        assert read(data).problem == ""
    for name in ("a.tar.zst", "A.TAR.GZ", "b.tgz", "b.tbz2", "b.tzst", "b.txz", "a.tar"):
        assert is_tar_name(name)
    for name in ("data.csv.zst", "tar.gz", "atar.gz", "a.tar.gz.sig", "tgz", ""):
        assert not is_tar_name(name)


def test_a_damaged_first_header_is_one_of_a_tar() -> None:
    archive = bytearray(tarred({"a": b"1"}))
    archive[150] ^= 1
    for packed in (bytes, gzip.compress):
        assert read(packed(bytes(archive))).problem == "the header after it is damaged"
