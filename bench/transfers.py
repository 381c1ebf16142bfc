"""Large files: one upload and one download of 1 GiB at a time, and how far the server's memory grows meanwhile."""

import hashlib
import itertools
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.machine import MEGABYTE
from bench.publishing import multipart, multipart_frame
from bench.report import Measured, Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options

_BLOCK = os.urandom(1024 * 1024)
_MEMORY_GOAL = 64


@dataclass(frozen=True, slots=True)
class _Transfer:
    speed: float
    """MB/s by the clock."""
    cpu_speed: float
    """MB for each second of the server's CPU."""
    growth: float
    """MB of resident memory at the peak, more than before."""


def rows(options: Options) -> Iterator[Row]:
    rounds, size = (2, 128 * 2**20) if options.quick else (4, 2**30)
    shown = "1 GiB" if size == 2**30 else f"{size // 2**20} MiB"
    expected = _sha256(size)
    uploads, downloads = [], []
    with data_folder() as folder, registry_server(folder) as server, signed_in(server) as client:
        headers = {"Authorization": client.headers["Authorization"]}
        for number in range(rounds):
            package_id, upload = _upload(server, f"large-{number}", size, headers, expected)
            downloads.append(_download(server, package_id, size, headers))
            uploads.append(upload)
            client.delete(f"/package/{package_id}").raise_for_status()
    for name, transfers, goal in (("upload", uploads, 400.0), ("download", downloads, 1_500.0)):
        speed = Measured.of([transfer.speed for transfer in transfers])
        cpu = Measured.of([transfer.cpu_speed for transfer in transfers])
        note = f"{cpu.value:,.0f} MB for each second of the server's CPU (±{cpu.spread:.0%})"
        yield Row(
            "transfers", f"{name} {shown}", speed.value, "MB/s", speed.spread, goal=goal, more_is_better=True, note=note
        )
        growths = [transfer.growth for transfer in transfers]
        yield Row(
            suite="transfers",
            name=f"{name} {shown}, growth of the server's memory",
            value=max(growths),
            unit="MB",
            spread=Measured.of(growths).spread,
            goal=_MEMORY_GOAL,
            note="the most of all rounds",
        )


def _sha256(size: int) -> str:
    digest = hashlib.sha256()
    for _ in range(size // len(_BLOCK)):
        digest.update(_BLOCK)
    return digest.hexdigest()


def _upload(server: Server, name: str, size: int, headers: Mapping[str, str], expected: str) -> tuple[str, _Transfer]:
    head, tail = multipart_frame({"name": name, "version": "1.0.0", "type": "model"})
    length = len(head) + size + len(tail)
    _, content_type = multipart({}, b"")
    sent = {**headers, "Content-Type": content_type, "Content-Length": str(length)}
    blocks = itertools.chain([head], itertools.repeat(_BLOCK, size // len(_BLOCK)), [tail])
    with _Watch(server, size) as watch, socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(_head("POST", "/package", sent))
        for block in blocks:
            connection.sendall(block)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    package = json.loads(answer.partition(b"\r\n\r\n")[2])
    if package.get("content", {}).get("sha256") != expected:
        raise RuntimeError(f"the upload came out differently: {package}")
    return package["id"], watch.transfer()


def _download(server: Server, package_id: str, size: int, headers: Mapping[str, str]) -> _Transfer:
    buffer, received, head = bytearray(len(_BLOCK)), 0, b""
    with _Watch(server, size) as watch, socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(_head("GET", f"/package/{package_id}/content", headers))
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        received = len(head.partition(b"\r\n\r\n")[2])
        while count := connection.recv_into(buffer):
            received += count
    if received != size:
        raise RuntimeError(f"{received} bytes arrived instead of {size}: {head[:500]!r}")
    return watch.transfer()


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Connection: close"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


class _Watch:
    """Time, CPU and memory of a server between the beginning and the end of a transfer of `size` bytes."""

    def __init__(self, server: Server, size: int) -> None:
        self._server = server
        self._size = size

    def __enter__(self) -> "_Watch":
        self._server.forget_memory_peak()
        self._memory, self._cpu = self._server.memory_bytes(), self._server.cpu_seconds()
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._began
        self._cpu_seconds = self._server.cpu_seconds() - self._cpu
        self._growth = self._server.memory_peak_bytes() - self._memory

    def transfer(self) -> _Transfer:
        """What was seen, once the transfer is over."""
        megabytes = self._size / MEGABYTE
        return _Transfer(megabytes / self._seconds, megabytes / self._cpu_seconds, self._growth / MEGABYTE)
