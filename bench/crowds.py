"""Many transfers at once: twenty uploads, a hundred downloads, and what becomes of small requests meanwhile."""

import asyncio
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from bench.engines import with_each_backend
from bench.load import request
from bench.machine import MEGABYTE
from bench.report import Row
from bench.servers import Server, server_and_files
from bench.suites import Options
from registry.client import NewPackage, RegistryClient, Transfers

_UPLOADS = 20
_UPLOADS_MEMORY_GOAL_MB = 256 + 64
"""What REGISTRY_UPLOAD_MEMORY_BYTES allows by default, and the rest of the process."""
_DOWNLOADS = 100
_DOWNLOADS_MEMORY_GOAL_MB = 64 + 64
"""What REGISTRY_DOWNLOAD_MEMORY_BYTES allows by default, and the rest of the process."""
_PAUSE_SECONDS = 1.0
_BLOCK = os.urandom(2**20)


def rows(options: Options) -> Iterator[Row]:
    return with_each_backend("crowds", lambda settings: _rows(settings, options))


def _rows(settings: Mapping[str, str], options: Options) -> Iterator[Row]:
    with server_and_files(settings) as (server, token, files):
        yield from _uploads(server, token, files, (16 if options.quick else 256) * 2**20)
        yield from _downloads(server, token, files, 16 * 2**20)


def _uploads(server: Server, token: str, files: Path, size: int) -> Iterator[Row]:
    path = _file(files, size)
    with _Meanwhile(server, token) as meanwhile:
        digests = asyncio.run(_publish_many(server, token, path))
    if len(digests) != 1:
        raise RuntimeError(f"the uploads came out differently: {digests}")
    name = f"{_UPLOADS} uploads of {size // 2**20} MiB at once"
    yield from meanwhile.rows(name, _UPLOADS * size, goal=_UPLOADS_MEMORY_GOAL_MB)


async def _publish_many(server: Server, token: str, path: Path) -> set[str]:
    transfers = Transfers(parts_above_bytes=0, state_folder=path.parent / "state")
    async with RegistryClient(server.url, token, transfers=transfers) as client:
        packages = await asyncio.gather(
            *(client.publish(path, NewPackage(f"many-{number}", "1.0.0", "model")) for number in range(_UPLOADS))
        )
        for package in packages:
            await client.delete(package.id)
    return {package.content.sha256 for package in packages if package.content}


def _downloads(server: Server, token: str, files: Path, size: int) -> Iterator[Row]:
    """All ask at once and then read nothing for a while, so that the server holds the most that it ever will."""
    package_id = asyncio.run(_publish_one(server, token, _file(files, size)))
    # A new package is rated in the background: before, not meanwhile.
    bearer = {"Authorization": f"Bearer {token}"}
    httpx.get(f"{server.url}/package/{package_id}/rate?wait=30", headers=bearer, timeout=60.0, trust_env=False)
    with _Meanwhile(server, token) as meanwhile:
        _fetch_many(server.port, f"/package/{package_id}/content?redirect=false", token, size)
    yield from meanwhile.rows(
        f"{_DOWNLOADS} downloads of {size // 2**20} MiB at once", _DOWNLOADS * size, goal=_DOWNLOADS_MEMORY_GOAL_MB
    )


async def _publish_one(server: Server, token: str, path: Path) -> str:
    async with RegistryClient(server.url, token) as client:
        return (await client.publish(path, NewPackage("crowded", "1.0.0", "model"))).id


def _fetch_many(port: int, address: str, token: str, size: int) -> None:
    asked = request("GET", address, {"Authorization": f"Bearer {token}", "Connection": "close"})
    received: dict[socket.socket, int] = {}
    buffer = bytearray(len(_BLOCK))
    with selectors.DefaultSelector() as waiting:
        for _ in range(_DOWNLOADS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(asked)
            waiting.register(connection, selectors.EVENT_READ)
            received[connection] = 0
        time.sleep(_PAUSE_SECONDS)
        while waiting.get_map():
            for key, _ in waiting.select():
                connection = key.fileobj  # type: ignore[assignment]
                count = connection.recv_into(buffer)
                received[connection] += count
                if not count:
                    waiting.unregister(connection)
                    connection.close()
    # Each is as long as the content and a head.
    if not all(size < count < size + 4096 for count in received.values()):
        raise RuntimeError(f"not the lengths that were expected: {sorted(received.values())}")


class _Meanwhile:
    """Memory and speed of the server while something goes on, and the latency of a small request asked again and again.

    Memory grows from what the server has when it begins.
    """

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._token = token
        self._done = threading.Event()
        self._latencies: list[float] = []
        self._asking = threading.Thread(target=self._ask)

    def __enter__(self) -> "_Meanwhile":
        self._server.forget_memory_peak()
        self._memory = self._server.memory_bytes()
        self._began = time.perf_counter()
        self._asking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._asking.join()
        self._seconds = time.perf_counter() - self._began
        self._growth = self._server.memory_peak_bytes() - self._memory

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._server.url, headers=headers, timeout=60.0, trust_env=False) as client:
            while not self._done.wait(0.01):
                began = time.perf_counter()
                client.get("/packages?limit=1").raise_for_status()
                self._latencies.append(time.perf_counter() - began)

    def rows(self, name: str, size: int, *, goal: float) -> Iterator[Row]:
        """What was seen, with `size` bytes moved in all."""
        speed = f"{size / MEGABYTE / self._seconds:,.0f} MB/s in all"
        yield Row("crowds", f"{name}, growth of memory", self._growth / MEGABYTE, "MB", 0.0, goal=goal, note=speed)
        ordered = sorted(self._latencies)
        p99 = ordered[int(len(ordered) * 0.99)] * 1000
        note = f"{len(ordered)} small requests, median {ordered[len(ordered) // 2] * 1000:.1f} ms"
        yield Row("crowds", f"{name}, small requests meanwhile, p99", p99, "ms", 0.0, note=note)


def _file(folder: Path, size: int) -> Path:
    path = folder / "content.bin"
    with path.open("wb") as file:
        for _ in range(size // len(_BLOCK)):
            file.write(_BLOCK)
    return path
