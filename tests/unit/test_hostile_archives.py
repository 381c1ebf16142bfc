"""Archives made to harm: what is found in them is bounded, and looking never fails."""

import asyncio
import gzip
import io
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.errors import Unavailable
from registry.services.archives import ArchiveFacts, ArchiveLimits, ArchiveReader
from tests.unit.archives import (
    CARD,
    MAKERS,
    MIT_TEXT,
    BytesBlobs,
    Files,
    look_into,
    make_tar,
    make_tar_gz,
    make_zip,
    tar_of,
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


def entry(name: str, type_: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = type_, size, link
    return info


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


# Names


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    "path",
    [
        "../README.md",
        "a/../README.md",
        "/README.md",
        "//README.md",
        "..\\README.md",
        "a\\README.md",
        "a//README.md",
        "a/./README.md",
        "x" * 600 + "/README.md",
        "a\n/README.md",
        "\u202e/README.md",
        "C:\\README.md",
    ],
)
async def test_names_that_no_honest_tool_writes(make: Make, path: str) -> None:
    assert await look_into(MAKERS["zip"]({path: "evil"})) == NOTHING
    assert (await look_into(make({path: "evil", "LICENSE": MIT_TEXT}))).readme is None


async def test_name_with_a_zero_byte() -> None:
    data = make_zip({"README_md": "evil"}).replace(b"README_md", b"README\0md")
    assert await look_into(data) == NOTHING


# Links and devices


@pytest.mark.parametrize("type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"S", b"Z"])
async def test_links_and_devices_in_tars_are_not_read(type_: bytes) -> None:
    link = entry("README.md", type_, link="/etc/passwd")
    other = entry("LICENSE", size=len(MIT_TEXT))
    facts = await look_into(tar_of([(link, b""), (other, MIT_TEXT.encode())], format=tarfile.GNU_FORMAT))
    assert facts.readme is None


@pytest.mark.parametrize("type_bits", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
async def test_links_and_devices_in_zips_are_not_read(type_bits: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("README.md")
        link.external_attr = (type_bits | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("LICENSE", MIT_TEXT)
    facts = await look_into(buffer.getvalue())
    assert (facts.readme, facts.license) == (None, "MIT")


# Bombs


async def peak_bytes_of_a_look(data: bytes, *, limits: ArchiveLimits | None = None) -> tuple[ArchiveFacts, int]:
    tracemalloc.start()
    try:
        facts = await look_into(data, limits=limits)
        return facts, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.performance
async def test_zip_bomb() -> None:
    bomb = make_zip({"README.md": "x" * (50 * MIB), "LICENSE": MIT_TEXT})
    facts, peak = await peak_bytes_of_a_look(bomb)
    assert (facts.readme, facts.license) == (None, "MIT")
    assert peak < 4 * MIB


@pytest.mark.performance
async def test_zip_bomb_that_lies_about_its_size() -> None:
    bomb = bytearray(make_zip({"README.md": "x" * (50 * MIB)}))
    real = struct.pack("<L", 50 * MIB)
    assert bomb.count(real) == 2
    _, peak = await peak_bytes_of_a_look(bytes(bomb.replace(real, struct.pack("<L", 1000))))
    assert peak < 4 * MIB


@pytest.mark.performance
async def test_gzip_bomb() -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = tarfile.TarInfo("weights")
    header.size = 200 * MIB
    bomb = compressor.compress(header.tobuf())
    for _ in range(200):
        bomb += compressor.compress(bytes(MIB))
    bomb += compressor.compress(make_tar({"README.md": "behind it"})) + compressor.flush()
    facts, peak = await peak_bytes_of_a_look(bomb, limits=ArchiveLimits(unpacked_bytes=8 * MIB))
    assert facts == NOTHING
    assert peak < 4 * MIB


async def test_what_was_found_before_a_limit_counts() -> None:
    entries: Files = {"README.md": "first", "weights": bytes(MIB), "LICENSE": MIT_TEXT}
    facts = await look_into(make_tar_gz(entries), limits=ArchiveLimits(unpacked_bytes=MIB))
    assert (facts.readme, facts.license) == ("first", None)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
async def test_members_are_bounded(make: Make) -> None:
    files = {f"file-{number}": "" for number in range(50)} | {"README.md": "last"}
    archive = make(files)
    assert await look_into(archive, limits=ArchiveLimits(members=50)) == NOTHING
    assert (await look_into(archive, limits=ArchiveLimits(members=51))).readme == "last"


async def test_zip_with_a_huge_table_of_contents_is_left_alone() -> None:
    data = make_zip({f"file-{number}": "" for number in range(3000)} | {"README.md": "x"})
    assert await look_into(data, limits=ArchiveLimits(directory_bytes=100_000)) == NOTHING
    assert (await look_into(data)).readme == "x"


@pytest.mark.performance
async def test_table_of_contents_that_claims_gigabytes() -> None:
    data = bytearray(make_zip({"README.md": "x"}))
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 16] = struct.pack("<L", 0xFFFF_FFF0)
    facts, peak = await peak_bytes_of_a_look(bytes(data))
    assert facts == NOTHING
    assert peak < 4 * MIB


async def test_archive_in_an_archive_is_not_opened() -> None:
    assert await look_into(make_zip({"inner.zip": make_zip({"README.md": "x"})})) == NOTHING


# Damage


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


async def test_extended_headers_without_end() -> None:
    extended = raw_header("pax", size_field=b"0", type_flag=b"x")
    assert await look_into(extended * 2000 + make_tar({"README.md": "x"}), limits=ArchiveLimits(members=500)) == NOTHING


# Anything


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


# Stores that fail or do not answer


class SilentBlobs(BytesBlobs):
    """Never answers a read."""

    def __init__(self) -> None:
        super().__init__(b"")
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        yield _nothing()


class FailingBlobs(BytesBlobs):
    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self._fail()
        yield _nothing()

    @staticmethod
    def _fail() -> None:
        raise Unavailable("the store is away")


async def _nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield b""


async def test_time_is_bounded() -> None:
    blobs = SilentBlobs()
    reader = ArchiveReader(blobs, limits=ArchiveLimits(seconds=0.01))
    assert await reader.look_into("key", size=10_000) == NOTHING
    await blobs.ended.wait()


async def test_cancelled_look_ends_its_thread_and_its_read() -> None:
    blobs = SilentBlobs()
    looking = asyncio.create_task(ArchiveReader(blobs).look_into("key", size=10_000))
    await blobs.asked.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await blobs.ended.wait()
    await asyncio.get_running_loop().shutdown_default_executor()


async def test_failure_of_the_store_is_told() -> None:
    with pytest.raises(Unavailable):
        await ArchiveReader(FailingBlobs(b"")).look_into("key", size=10_000)
