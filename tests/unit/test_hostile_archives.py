"""Archives made to harm: what is found in them is bounded, and looking never fails."""

import asyncio
import io
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from registry.adapters.processes.sandbox import PoolPlan, ProcessSandbox, open_sandbox
from registry.domain.errors import Unavailable
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.limits import ArchiveLimits
from registry.services.packages.archive_reading import ArchiveReader
from tests.unit.archives import (
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
Make = Callable[[Files], bytes]


def entry(name: str, type_: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = type_, size, link
    return info


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
        "a\\b/README.md",
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


@pytest.fixture
async def sandbox() -> AsyncIterator[ProcessSandbox]:
    async with open_sandbox(urgent=PoolPlan(2), background=PoolPlan(1)) as opened:
        yield opened


async def test_time_is_bounded(sandbox: ProcessSandbox) -> None:
    blobs = SilentBlobs()
    reader = ArchiveReader(blobs, sandbox, limits=ArchiveLimits(seconds=3))
    assert await reader.look_into("key", size=10_000, user="alice") == NOTHING
    await blobs.ended.wait()


async def test_a_cancelled_look_ends_its_read(sandbox: ProcessSandbox) -> None:
    blobs = SilentBlobs()
    looking = asyncio.create_task(ArchiveReader(blobs, sandbox).look_into("key", size=10_000, user="alice"))
    await blobs.asked.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await blobs.ended.wait()


async def test_failure_of_the_store_is_told(sandbox: ProcessSandbox) -> None:
    with pytest.raises(Unavailable):
        await ArchiveReader(FailingBlobs(b""), sandbox).look_into("key", size=10_000, user="alice")
