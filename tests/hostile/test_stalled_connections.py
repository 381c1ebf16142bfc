"""Five hundred connections that stall, and fifty honest clients that must not notice."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable

import httpx

from tests.api.conftest import ServerFactory
from tests.api.raw_http import head
from tests.api.server import RunningServer
from tests.api.support import Person, log_in, metadata, multipart, publish
from tests.api.uploads import begin

STALLED = 500
HONEST = 50
ROUNDS = 2
MIB = 1024 * 1024
MEMORY_BYTES = 200 * MIB
TIMES_SLOWER = 3
SLACK_SECONDS = 3.0
"""Machines run other things. Without limits, most uploads wait for half a minute and get 503."""


def stalled_requests(admin: Person, download: str, part: str) -> list[Callable[[], bytes]]:
    """What each kind of stalling client sends before it falls silent."""
    token = f"Authorization: Bearer {admin.token}"
    multipart_fields = ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {50 * MIB}"]
    json_fields = ["Content-Type: application/json", "Content-Length: 20000000"]
    form = b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
    return [
        lambda: b"",
        lambda: b"POST /package HTTP/1.1\r\nHost: a\r\n",
        lambda: head("GET", "/health", "A: " + "x" * 50_000)[:-2],
        lambda: head("POST", "/package", *multipart_fields) + form,
        lambda: head("POST", "/package", token, *multipart_fields),
        lambda: head("POST", "/package", token, *multipart_fields) + form + b"{" + b" " * 200_000,
        lambda: head("POST", "/package", token, *json_fields) + b'{"name": "' + b"x" * 200_000,
        lambda: head("PUT", part, token, f"Content-Length: {8 * MIB}") + bytes(200_000),
        lambda: head("PUT", "/authenticate", *json_fields),
        lambda: head("GET", download, token),
    ]


@contextlib.asynccontextmanager
async def stalled(server: RunningServer, kinds: list[Callable[[], bytes]]) -> AsyncIterator[list[asyncio.StreamReader]]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    readers, writers = [], []
    try:
        for number in range(STALLED):
            # A reader that takes nothing leaves a download unread.
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            readers.append(reader)
            writers.append(writer)
            writer.write(kinds[number % len(kinds)]())
        yield readers
    finally:
        for writer in writers:
            writer.transport.abort()


async def honest_client(server: RunningServer, admin: Person, package_id: str) -> list[float]:
    """Publishes, small and large, and reads; how long each took."""
    taken = []
    bearer = {"Authorization": f"Bearer {admin.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=bearer, timeout=60.0, trust_env=False) as client:
        for number in range(ROUNDS):
            body, form = multipart(metadata(), secrets.token_bytes(1000 if number else MIB))
            for method, path, content, headers in (
                ("POST", "/package", body, form),
                ("GET", f"/package/{package_id}", None, {}),
                ("GET", "/packages?limit=5", None, {}),
                ("GET", f"/package/{package_id}/content", None, {}),
            ):
                began = time.monotonic()
                answer = await client.request(method, path, content=content, headers=headers)
                taken.append(time.monotonic() - began)
                assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return taken


async def serve(server: RunningServer, admin: Person, package_id: str) -> float:
    """How long the slowest request of the honest clients takes."""
    times = await asyncio.gather(*(honest_client(server, admin, package_id) for _ in range(HONEST)))
    return max(each for taken in times for each in taken)


async def attack_and_serve(server: RunningServer, admin: Person, package_id: str) -> float:
    large = publish(admin.client, bytes(8 * MIB))
    upload = begin(admin, bytes(8 * MIB)).json()
    kinds = stalled_requests(admin, f"/package/{large['id']}/content", f"/uploads/{upload['id']}/parts/1")
    async with stalled(server, kinds):
        return await serve(server, admin, package_id)


def test_stalled_connections_do_not_disturb_honest_clients(start: ServerFactory) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client:
        package_id = publish(admin.client, bytes(1000))["id"]
        alone = asyncio.run(serve(server, admin, package_id))
        before = server.memory_peak_bytes()
        attacked = asyncio.run(attack_and_serve(server, admin, package_id))
        assert attacked < TIMES_SLOWER * alone + SLACK_SECONDS
        assert server.memory_peak_bytes() - before < MEMORY_BYTES
        assert admin.client.get("/health").status_code == 200
