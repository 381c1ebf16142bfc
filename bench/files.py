"""Single files of a large package, against a server that has them unpacked: nginx, or where it is missing Starlette."""

import asyncio
import contextlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.load import request, send_all
from bench.machine import MEGABYTE
from bench.manifest_share import share_rows
from bench.report import Measured, Row
from bench.servers import Server, answering, free_port, server_and_files
from bench.suites import Options
from registry.client import NewPackage, RegistryClient, Transfers

_SMALL_FILES = 1_000
_MIB = 2**20
_SMALL, _STORED, _DEFLATED = "small/{:04}.json", "weights.bin", "vocabulary.bin"
_FIRST_BYTE_GOAL_MS, _MEMORY_GOAL_MB, _CPU_GOAL_SECONDS, _POSITION_GOAL = 150.0, 32.0, 2.0, 1.5


@dataclass(frozen=True, slots=True)
class _Package:
    """The package at the registry, and how to ask for its files."""

    server: Server
    path: str
    headers: dict[str, str]

    def asked(self, name: str, **more: str) -> bytes:
        return request("GET", f"{self.path}/{name}", self.headers | more)


def rows(options: Options) -> Iterator[Row]:
    size_mib = options.package_mib or (64 if options.quick else 512)
    yield from share_rows(options)
    with server_and_files({}) as (server, token, folder):
        files = folder / "files"
        _fill(files, size_mib)
        archive = _packed(files, folder / "large.zip")
        package_id = asyncio.run(_publish(server, token, archive))
        archive.unlink()
        package = _Package(server, f"/package/{package_id}/files", {"Authorization": f"Bearer {token}"})
        with httpx.Client(base_url=server.url, headers=package.headers, timeout=600, trust_env=False) as client:
            yield _manifest(client, package, size_mib)
            yield from _first_bytes(client, package)
            _wait_until_unpacked(client, package)
            yield _positions(client, package)
        with _unpacked_server(files) as (name, plain):
            yield _small_files(package, plain, name, options)
            yield from _large_file(package, plain, name)


def _fill(folder: Path, size_mib: int) -> None:
    """A thousand small files, a large one that does not compress, and one of an eighth of its size that does."""
    chance = random.Random(1)
    (folder / "small").mkdir(parents=True)
    for number in range(_SMALL_FILES):
        text = ", ".join(str(chance.randrange(10_000)) for _ in range(1_000))
        (folder / _SMALL.format(number)).write_text(f"[{text}]")
    with (folder / _STORED).open("wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(_MIB))
    with (folder / _DEFLATED).open("wb") as file:
        for _ in range(size_mib // 8):
            file.write(chance.randbytes(_MIB // 4) * 4)


def _packed(files: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(files.rglob("*")):
            if path.is_file():
                method = zipfile.ZIP_STORED if path.name == _STORED else zipfile.ZIP_DEFLATED
                archive.write(path, path.relative_to(files), method, 1)
    return target


async def _publish(server: Server, token: str, path: Path) -> str:
    transfers = Transfers(state_folder=path.parent / "state")
    async with RegistryClient(server.url, token, transfers=transfers) as client:
        return (await client.publish(path, NewPackage("large", "1.0.0", "model"))).id


def _manifest(client: httpx.Client, package: _Package, size_mib: int) -> Row:
    began = time.perf_counter()
    while client.get(package.path, params={"wait": 30, "limit": 1}).status_code != 200:
        pass
    seconds = time.perf_counter() - began
    note = f"{size_mib / seconds:,.0f} MiB/s, the scan at the same time"
    return Row("files", f"manifest of a package of {size_mib:,} MiB", seconds, "s", 0.0, note=note)


def _first_bytes(client: httpx.Client, package: _Package) -> Iterator[Row]:
    for what, name in (
        ("a small file", _SMALL.format(500)),
        ("a large stored file", _STORED),
        ("a large deflated file", _DEFLATED),
    ):
        package.server.forget_memory_peak()
        before, firsts = package.server.memory_bytes(), []
        for _ in range(3):
            began = time.perf_counter()
            with client.stream("GET", f"{package.path}/{name}") as answer:
                chunks = answer.raise_for_status().iter_raw()
                next(chunks)
                firsts.append((time.perf_counter() - began) * 1000)
                for _ in chunks:
                    pass
        grown = (package.server.memory_peak_bytes() - before) / MEGABYTE
        first = Measured.of(firsts)
        yield Row("files", f"{what}, first byte", first.value, "ms", first.spread, goal=_FIRST_BYTE_GOAL_MS)
        yield Row("files", f"{what}, growth of memory", grown, "MB", 0.0, goal=_MEMORY_GOAL_MB)


def _wait_until_unpacked(client: httpx.Client, package: _Package) -> None:
    """Return when the end of the deflated file costs about as much as its start: it has a blob of its own."""
    for _ in range(600):
        if _range_ms(client, package, -_MIB) < 3 * _range_ms(client, package, 0) + 5:
            return
        time.sleep(0.2)


def _positions(client: httpx.Client, package: _Package) -> Row:
    size = int(client.head(f"{package.path}/{_DEFLATED}").headers["Content-Length"])
    offsets = (0, size // 2, size - _MIB)
    costs: dict[int, list[float]] = {offset: [] for offset in offsets}
    for _, offset in itertools.product(range(7), offsets):
        before = package.server.cpu_seconds()
        for _ in range(10):
            _range_ms(client, package, offset)
        costs[offset].append((package.server.cpu_seconds() - before) * 100)
    worst = max(costs.values(), key=lambda found: Measured.of(found).value)
    return Row.beside(
        worst,
        costs[0],
        suite="files",
        name="a MiB of a large deflated file, at the worst place",
        unit="ms CPU",
        baseline_name="at its start",
        goal=_POSITION_GOAL,
    )


def _range_ms(client: httpx.Client, package: _Package, offset: int) -> float:
    wanted = f"bytes={offset}" if offset < 0 else f"bytes={offset}-{offset + _MIB - 1}"
    began = time.perf_counter()
    answer = client.get(f"{package.path}/{_DEFLATED}", headers={"Range": wanted})
    assert len(answer.content) == _MIB
    return (time.perf_counter() - began) * 1000


def _small_files(package: _Package, plain: int, name: str, options: Options) -> Row:
    paths = [_SMALL.format(number) for number in range(_SMALL_FILES)]
    ours, theirs, costs = [], [], []
    for _ in range(3 if options.quick else 5):
        before = package.server.cpu_seconds()
        answered = send_all(package.server.port, (package.asked(path) for path in paths), expected_status=200)
        costs.append(package.server.cpu_seconds() - before)
        ours.append(answered.count / answered.seconds)
        answered = send_all(plain, (request("GET", f"/{path}", {}) for path in paths), expected_status=200)
        theirs.append(answered.count / answered.seconds)
    cost = Measured.of(costs)
    return Row(
        "files",
        f"CPU for {_SMALL_FILES:,} small files",
        cost.value,
        "s",
        cost.spread,
        goal=_CPU_GOAL_SECONDS,
        note=f"{Measured.of(ours).value:,.0f} files/s; {name}: {Measured.of(theirs).value:,.0f}",
    )


def _large_file(package: _Package, plain: int, name: str) -> Iterator[Row]:
    """The whole of each large file, in alternating rounds with the server that has it unpacked."""
    with httpx.Client(timeout=600, trust_env=False) as client:
        for path in (_STORED, _DEFLATED):
            urls = (f"{package.server.url}{package.path}/{path}", f"http://127.0.0.1:{plain}/{path}")
            speeds: tuple[list[float], list[float]] = ([], [])
            for _, (url, taken) in itertools.product(range(3), zip(urls, speeds, strict=True)):
                taken.append(_megabytes_per_second(client, url, package.headers))
            ours, theirs = map(Measured.of, speeds)
            yield Row(
                "files",
                f"the whole of {path}",
                ours.value,
                "MB/s",
                ours.spread,
                baseline_name=name,
                baseline_value=theirs.value,
                ratio=ours.value / theirs.value,
                more_is_better=True,
            )


def _megabytes_per_second(client: httpx.Client, url: str, headers: dict[str, str]) -> float:
    began, size = time.perf_counter(), 0
    with client.stream("GET", url, headers=headers) as answer:
        for chunk in answer.raise_for_status().iter_raw(_MIB):
            size += len(chunk)
    return size / MEGABYTE / (time.perf_counter() - began)


@contextlib.contextmanager
def _unpacked_server(files: Path) -> Iterator[tuple[str, int]]:
    """What serves the folder, and on which port."""
    port, nginx = free_port(), shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    command: Sequence[str]
    if nginx is None:
        command, name = [sys.executable, "-m", "bench.bare", str(port), "--folder", str(files)], "Starlette"
    else:
        configuration = files.parent / "nginx.conf"
        configuration.write_text(_nginx(files, port))
        command, name = [nginx, "-e", "stderr", "-c", str(configuration)], "nginx"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answering(port, f"/{_SMALL.format(0)}"):
            if process.poll() is not None:
                raise RuntimeError(f"{name} does not answer")
            time.sleep(0.01)
        yield name, port
    finally:
        process.terminate()
        process.wait()


def _nginx(files: Path, port: int) -> str:
    """One process, as the registry has one; files by sendfile, no log."""
    place = files.parent
    user = "user root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {place}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{user} daemon off; worker_processes 1; pid {place}/nginx.pid; events {{}} "
        f"http {{ access_log off; error_log stderr; sendfile on; keepalive_requests 100000; {folders} "
        f"server {{ listen 127.0.0.1:{port}; root {files}; }} }}"
    )
