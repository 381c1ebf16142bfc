"""What requests leave behind: no tasks, no threads, no memory, no open files."""

import asyncio
import contextlib
import gc
import socket
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.support import Person, log_in, metadata, multipart, publish
from tests.performance.conftest import Service

pytestmark = pytest.mark.performance

_KIB, _MIB = 2**10, 2**20


async def walk(service: Service) -> None:
    """A publish, all kinds of reads, a change and a delete."""
    client = service.client
    body, headers = multipart(metadata())
    package_id = (await client.post("/package", content=body, headers=headers)).raise_for_status().json()["id"]
    for path in ("", "/content", "/rate?wait=30", "/cost", "/audit", "/lineage"):
        (await client.get(f"/package/{package_id}{path}")).raise_for_status()
    (await client.get("/packages")).raise_for_status()
    (await client.post("/package/byRegEx", json={"regex": "pkg"})).raise_for_status()
    (await client.patch(f"/package/{package_id}", json={"description": "new"})).raise_for_status()
    (await client.delete(f"/package/{package_id}")).raise_for_status()


async def until(holds: Callable[[], bool]) -> None:
    """Return when it does; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 – nothing tells that a task has ended
            await asyncio.sleep(0.02)


def fill_pools() -> None:
    """Start every thread that the pools of this process may have: a pool grows when it happens to be busy."""
    gc.unfreeze()  # what the application froze at its start is not among the objects
    pools = [pool for pool in gc.get_objects() if isinstance(pool, ThreadPoolExecutor)]
    go_on = threading.Event()
    try:
        # None ends before the last has been given out, so that each takes a thread of its own.
        waiting = [pool.submit(go_on.wait) for pool in pools if not pool._shutdown for _ in range(pool._max_workers)]
    finally:
        go_on.set()
    for job in waiting:
        job.result()


async def test_requests_leave_no_tasks_and_no_threads(service: Service) -> None:
    await walk(service)
    await asyncio.to_thread(fill_pools)
    await service.tracer.quiet()
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    for _ in range(2):
        await asyncio.gather(*(walk(service) for _ in range(5)))
    await until(lambda: len(asyncio.all_tasks()) <= tasks and threading.active_count() <= threads)


async def test_requests_whose_client_leaves_leave_no_tasks(service: Service) -> None:
    await walk(service)
    tasks = len(asyncio.all_tasks())
    for delay in range(20):
        walking = asyncio.create_task(walk(service))
        await asyncio.sleep(delay / 1000)
        walking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await walking
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_memory_does_not_grow_with_the_number_of_reads(service: Service) -> None:
    body, headers = multipart(metadata())
    package_id = (await service.client.post("/package", content=body, headers=headers)).raise_for_status().json()["id"]
    reads: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: service.client.get(f"/package/{package_id}"),
        lambda: service.client.get("/packages?limit=50"),
        lambda: service.client.get(f"/package/{package_id}/rate"),
        lambda: service.client.post("/package/byRegEx", json={"regex": "pkg"}),
    ]

    async def read_all(times: int) -> int:
        for _ in range(times):
            for read in reads:
                (await read()).raise_for_status()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        totals = [await read_all(25), *[await read_all(100) for _ in range(3)]]
    finally:
        tracemalloc.stop()
    # 400 reads each time; one that kept a third of a kilobyte would be seen each time. What is made once, such as the
    # package's rating, is seen once.
    assert min(after - before for before, after in pairwise(totals)) < 128 * _KIB


def test_broken_connections_leave_no_open_files(start: ServerFactory) -> None:
    server = start()
    assert server.process is not None
    files = Path(f"/proc/{server.process.pid}/fd")
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        path = f"/package/{publish(person.client, bytes(4 * _MIB))['id']}/content"
        break_off(server.url, person, path)
        before = len(list(files.iterdir()))
        for _ in range(40):
            break_off(server.url, person, path)
        # A thread may have opened its own connection to the database meanwhile (three files); a leak would be forty.
        deadline = time.monotonic() + 10
        while len(list(files.iterdir())) >= before + 20 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(files.iterdir())) < before + 20


def break_off(url: str, person: Person, path: str) -> None:
    """A download and an upload, each left in the middle."""
    address = urlsplit(url)
    body, headers = multipart(metadata(), bytes(_MIB))
    download = f"GET {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {person.token}\r\n\r\n"
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    upload = (
        f"POST /package HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {person.token}\r\n"
        f"Content-Length: {len(body)}\r\n{''.join(lines)}\r\n"
    )
    for sent, received in ((download.encode(), 1000), (upload.encode() + body[: _MIB // 2], 0)):
        with socket.create_connection((address.hostname or "", address.port or 80)) as connection:
            connection.sendall(sent)
            if received:
                connection.recv(received)
