"""What another server's answer may cost."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from registry.adapters.outbound.bounds import BadAnswer, Pace, TooSlow, content_encoding, decoded, gathered, paced
from registry.adapters.outbound.disposition import disposed_filename

MIB = 1024 * 1024


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def whole(data: bytes, encoding: str | None, step: int = 7) -> bytes:
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    return b"".join([chunk async for chunk in decoded(stream(*pieces), encoding)])


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("size", [0, 1, 100_000, 256 * 1024, 512 * 1024])
async def test_encodings_are_undone_however_they_are_cut(size: int, step: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert await whole(gzip.compress(data), "gzip", step) == data
    assert await whole(zlib.compress(data), "deflate", step) == data
    assert await whole(zlib.compress(data)[2:-4], "deflate", step) == data
    assert await whole(data, None, step) == data


async def test_a_few_bytes_that_claim_gigabytes_are_never_there_at_once() -> None:
    compress = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    bomb = b"".join(compress.compress(zeros) for _ in range(256)) + compress.flush()
    total = 0
    tracemalloc.start()
    async for chunk in decoded(stream(bomb), "gzip"):
        total += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 256 * MIB
    assert peak < 4 * MIB


@pytest.mark.parametrize("header", ["gzip, gzip", "gzip,deflate,gzip", "br", "zstd", "compress", "\x00", "gzip;q=1"])
def test_other_encodings_are_refused(header: str) -> None:
    with pytest.raises(BadAnswer):
        content_encoding({"content-encoding": header})


@pytest.mark.parametrize(
    "data", [b"no gzip", gzip.compress(b"x" * 99, mtime=0)[:-1], gzip.compress(b"x", mtime=0) + b"tail"]
)
async def test_damaged_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        await whole(data, "gzip")


async def test_a_trickle_is_given_up_though_it_never_stops() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        while True:
            await asyncio.sleep(0.005)
            yield b"x"

    with pytest.raises(TooSlow):
        async for _ in paced(trickle(), Pace(least_bytes_per_second=10_000, grace_seconds=0.1)):
            pass


async def test_what_a_slow_reader_takes_is_not_counted() -> None:
    async for _ in paced(stream(b"x", b"y", b"z"), Pace(least_bytes_per_second=1_000_000, grace_seconds=0.05)):
        await asyncio.sleep(0.06)


async def test_gathered_loses_nothing() -> None:
    assert [chunk async for chunk in gathered(stream(b"abc", b"", b"defgh", b"i"), 4)] == [b"abcd", b"efgh", b"i"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", None),
        ("inline", None),
        ("attachment; filename=", None),
        ("attachment; filename=a.bin; filename=b.bin", "a.bin"),
        ("attachment; FILENAME = a.bin", "a.bin"),
        (r'attachment; filename="a\"b;c.bin"', 'a"b;c.bin'),
        ("attachment; filename*=UTF-8''%e2%82%ac.bin; filename=eur.bin", "€.bin"),
        ("attachment; filename*=x; filename=a.bin", "a.bin"),
        ("attachment; filename*=''a.bin; filename=b.bin", "b.bin"),
        ("attachment; filename*=utf-8''%zz; filename=b.bin", "%zz"),
    ],
)
def test_names_in_content_disposition(header: str, name: str | None) -> None:
    assert disposed_filename(header) == name
