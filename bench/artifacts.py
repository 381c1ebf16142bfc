"""Files of many sizes up and down, and clients that are killed."""

import asyncio
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.engines import with_each_backend
from bench.machine import MEGABYTE
from bench.report import Measured, Row
from bench.servers import Server, server_and_files
from bench.suites import Options
from registry.client import NewPackage, RegistryClient, Transfers

_SIZES_MIB = (0.1, 1, 10, 50, 100, 1024)
_KILLS = 20
_PROPORTIONAL_FROM_MIB = 10
"""Below, what does not depend on the size (asking, opening, syncing) is a good part of the time."""
_PROPORTIONAL_GOAL = 1.1


def rows(options: Options) -> Iterator[Row]:
    return with_each_backend("artifacts", lambda settings: _rows(settings, options))


def _rows(settings: Mapping[str, str], options: Options) -> Iterator[Row]:
    with server_and_files(settings) as (server, token, files):
        yield from _sizes(server, token, files, options)
        # At scale what is sent goes past the registry, and versitygw keeps a part that was cut off as a whole one:
        # the client's progress, which is counted here, goes back where it mends such a part.
        if not settings:
            yield from _killed(server, token, files, options)


def _sizes(server: Server, token: str, files: Path, options: Options) -> Iterator[Row]:
    rounds = 2 if options.quick else 3
    sizes = _SIZES_MIB[:-1] if options.quick else _SIZES_MIB
    taken: dict[str, dict[float, float]] = {"up": {}, "down": {}}
    for size_mib in sizes:
        path = _file(files, "content.bin", int(size_mib * 2**20))
        ups, downs, growths = [], [], []
        for number in range(rounds):
            server.forget_memory_peak()
            before = server.memory_bytes()
            up, down = asyncio.run(_there_and_back(server, token, path, f"size-{size_mib}-{number}"))
            ups.append(up)
            downs.append(down)
            growths.append((server.memory_peak_bytes() - before) / MEGABYTE)
        for way, seconds in (("up", ups), ("down", downs)):
            measured = Measured.of(seconds)
            taken[way][size_mib] = measured.value
            speed = path.stat().st_size / MEGABYTE / measured.value
            note = f"{speed:,.0f} MB/s; the server grew by {max(growths):,.0f} MB at most"
            yield Row("artifacts", f"{size_mib:g} MiB {way}", measured.value * 1000, "ms", measured.spread, note=note)
        path.unlink()
    for way, seconds_by_size in taken.items():
        yield Row(
            suite="artifacts",
            name=f"exponent of the size in the time, {way}",
            value=_exponent(seconds_by_size),
            unit="",
            spread=0.0,
            goal=_PROPORTIONAL_GOAL,
            note=f"1 is proportional; from {_PROPORTIONAL_FROM_MIB} to {sizes[-1]:g} MiB",
        )


def _exponent(seconds_by_size: dict[float, float]) -> float:
    """The slope of time over size, both as logarithms."""
    large = {size: seconds for size, seconds in seconds_by_size.items() if size >= _PROPORTIONAL_FROM_MIB}
    return statistics.linear_regression([*map(math.log, large)], [*map(math.log, large.values())]).slope


async def _there_and_back(server: Server, token: str, path: Path, name: str) -> tuple[float, float]:
    copy = path.with_suffix(".copy")
    transfers = Transfers(state_folder=path.parent / "state")
    async with RegistryClient(server.url, token, transfers=transfers) as client:
        began = time.perf_counter()
        package = await client.publish(path, NewPackage(name, "1.0.0", "model"))
        up = time.perf_counter() - began
        began = time.perf_counter()
        await client.download(package, copy)
        down = time.perf_counter() - began
        await client.delete(package.id)
    copy.unlink()
    return up, down


def _killed(server: Server, token: str, files: Path, options: Options) -> Iterator[Row]:
    """A client that is killed at random places and started again each time, until the digest of the whole is right."""
    size = (64 if options.quick else 1024) * 2**20
    path = _file(files, "weights.bin", size)
    places = sorted(random.Random(1).sample(range(1, size), _KILLS))
    again, sent_bytes = 0.0, 0
    for place in [*places, 0]:
        began_at, ended_at = _publish_until(server, token, files, path, place)
        again += (sent_bytes - began_at) / MEGABYTE
        sent_bytes = ended_at
    path.unlink()
    part = 8 * 2**20 / MEGABYTE
    yield Row(
        "artifacts",
        f"{_KILLS} kills in {size // 2**20} MiB, sent again",
        again,
        "MB",
        0.0,
        goal=_KILLS * part,
        note=f"{again / part / _KILLS:.2f} parts of 8 MiB for each kill",
    )


def _publish_until(server: Server, token: str, files: Path, path: Path, place: int) -> tuple[int, int]:
    """How many of the file's bytes were there when the client began, and how many had left it when it was killed."""
    command = [sys.executable, "-m", "tests.clients.large_publisher"]
    arguments = [server.url, token, str(files / "state"), str(path), "killed", str(place)]
    here = Path(__file__).parents[1]
    done = subprocess.run([*command, *arguments], cwd=here, capture_output=True, text=True, check=False)
    if done.returncode != (-signal.SIGKILL if place else 0):
        raise RuntimeError(f"the client ended with {done.returncode}: {done.stderr}")
    began_at, ended_at = done.stderr.split()
    return int(began_at), int(ended_at)


def _file(folder: Path, name: str, size: int) -> Path:
    path, block = folder / name, os.urandom(2**20)
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])
    return path
