"""Damaged and crafted bytes: looking at them never fails."""

import asyncio
import gzip
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.limits import ArchiveLimits
from tests.unit.archives import (
    CARD,
    MAKERS,
    MIT_TEXT,
    Files,
    look_into,
    make_tar,
    make_zip,
)

MIB = 1024 * 1024
NOTHING = ArchiveFacts()
FILES: Files = {
    "bert/README.md": CARD,
    "bert/LICENSE": MIT_TEXT,
    "bert/config.json": '{"a": 1}',
    "bert/weights": bytes(3000),
}
WHOLE = {name: make(FILES) for name, make in MAKERS.items()}
Make = Callable[[Files], bytes]
every_whole = pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)


def raw_header(name: str, *, size_field: bytes, type_flag: bytes = b"0") -> bytes:
    """A ustar header whose size is whatever its maker likes, with a right sum."""
    block = bytearray(512)
    block[: len(name)] = name.encode()
    block[124:136] = size_field.ljust(12, b"\0")
    block[148:156] = b" " * 8
    block[156:157] = type_flag
    block[257:265] = b"ustar\00000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@every_whole
async def test_cut_anywhere(whole: bytes) -> None:
    for end in range(0, len(whole), max(1, len(whole) // 200)):
        facts = await look_into(whole[:end])
        assert facts.readme in (None, CARD)


async def test_wrong_sum_loses_one_file() -> None:
    data = make_zip({"README.md": "good words", "LICENSE": MIT_TEXT}, compression=zipfile.ZIP_STORED)
    facts = await look_into(data.replace(b"good words", b"evil words"))
    assert (facts.readme, facts.license) == (None, "MIT")


async def test_encrypted_file_is_not_read() -> None:
    data = bytearray(make_zip({"README.md": "secret"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    assert await look_into(bytes(data)) == NOTHING


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])
async def test_other_compression_is_not_read(method: int) -> None:
    data = bytearray(make_zip({"README.md": "text", "LICENSE": MIT_TEXT}))
    central = data.index(b"PK\1\2")
    data[8:10] = data[central + 10 : central + 12] = struct.pack("<H", method)
    facts = await look_into(bytes(data))
    assert (facts.readme, facts.license) == (None, "MIT")


@pytest.mark.parametrize(
    "size_field",
    [
        b"\xff" * 12,
        b"\x80" + b"\xff" * 11,
        b"-0000000001",
        b"77777777777",
        b"not a number",
        b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7,
    ],
)
@pytest.mark.parametrize("type_flag", [b"0", b"x", b"g", b"L", b"K", b"S", b"5", b"2"])
async def test_tar_headers_with_absurd_sizes(size_field: bytes, type_flag: bytes) -> None:
    header = raw_header("README.md", size_field=size_field, type_flag=type_flag)
    tail = make_tar({"LICENSE": MIT_TEXT})
    for data in (header + tail, gzip.compress(header + tail)):
        assert (await look_into(data, limits=ArchiveLimits(unpacked_bytes=MIB))).readme is None


@pytest.mark.parametrize(
    "records",
    [
        b"18 path=../README\n",
        b"0 path=README.md\n",
        b"99999999 path=README.md\n",
        b"13 size=99999\n",
        b"27 size=99999999999999999999\n",
        b"11 size=-1\n",
        b"20 path=README.md",
        b"\xff\xfe\xfd",
        b"",
        b"27 GNU.sparse.name=README.md\n",
    ],
)
async def test_pax_records_with_tricks(records: bytes) -> None:
    extended = raw_header("pax", size_field=b"%011o" % len(records), type_flag=b"x") + records.ljust(512, b"\0")
    assert (await look_into(extended + make_tar({"file": "evil"}, format=tarfile.USTAR_FORMAT))).readme is None


async def test_pax_path_names_the_file() -> None:
    records = b"20 path=a/README.md\n"
    extended = raw_header("pax", size_field=b"%011o" % len(records), type_flag=b"x") + records.ljust(512, b"\0")
    facts = await look_into(extended + make_tar({"file": "named", "a/b": ""}, format=tarfile.USTAR_FORMAT))
    assert facts.readme == "named"


async def test_extended_header_of_absurd_length_ends_the_look() -> None:
    comment = b" comment=" + b"x" * 100_000 + b"\n"
    records = b"%d" % (len(comment) + 6) + comment + b"20 path=a/README.md\n"
    padded = records.ljust(len(records) + -len(records) % 512, b"\0")
    extended = raw_header("pax", size_field=b"%011o" % len(records), type_flag=b"x") + padded
    assert await look_into(extended + make_tar({"file": "evil"}, format=tarfile.USTAR_FORMAT)) == NOTHING


async def test_extended_headers_without_end() -> None:
    extended = raw_header("pax", size_field=b"0", type_flag=b"x")
    assert await look_into(extended * 2000 + make_tar({"README.md": "x"}), limits=ArchiveLimits(members=500)) == NOTHING


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", WHOLE["tar"][:512]]))
def test_any_bytes(data: bytes, magic: bytes) -> None:
    facts = asyncio.run(look_into(magic + data))
    assert facts.readme is None or len(facts.readme) <= 3 * len(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 2**32), st.integers(1, 20))
def test_mutated_archives(kind: str, seed: int, changes: int) -> None:
    data = bytearray(WHOLE[kind])
    chance = random.Random(seed)  # noqa: S311 (test data)
    for _ in range(changes):
        place = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randrange(100)]
            case _:
                data[place:place] = data[chance.randrange(len(data)) :][: chance.randrange(600)]
    facts = asyncio.run(look_into(bytes(data), limits=ArchiveLimits(unpacked_bytes=MIB)))
    assert facts.readme is None or len(facts.readme) < MIB
