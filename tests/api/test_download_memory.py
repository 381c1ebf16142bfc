"""What the server holds for many downloads at once."""

import contextlib
import socket

import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import log_in, publish
from tests.api.uploads import some_bytes

MIB = 1024 * 1024
CLIENTS = 40
SIZE = 12 * MIB


def begun_download(server: RunningServer, token: str, path: str) -> socket.socket:
    """A client that has the first bytes of its answer and reads no more for now."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = [f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", "Connection: close", "", ""]
    connection.sendall("\r\n".join(head).encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def received_bytes(connection: socket.socket) -> int:
    return sum(map(len, iter(lambda: connection.recv(MIB), b"")))


@pytest.mark.performance
def test_memory_is_bounded_whatever_the_number_of_downloads(start: ServerFactory) -> None:
    server = start(REGISTRY_DOWNLOAD_MEMORY_BYTES=str(4 * MIB))
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client as client, contextlib.ExitStack() as opened:
        package = publish(client, some_bytes(SIZE))
        client.get(f"/package/{package['id']}/rate", params={"wait": 30})  # made beside, with memory of its own
        path = f"/package/{package['id']}/content"
        with begun_download(server, person.token, path) as warm:
            assert received_bytes(warm) > SIZE
        before = server.memory_peak_bytes()
        waiting = [opened.enter_context(begun_download(server, person.token, path)) for _ in range(CLIENTS)]
        assert all(received_bytes(connection) > SIZE for connection in waiting)
        grown = server.memory_peak_bytes() - before
    # A chunk in hand and one ahead for each client would be 80 MiB.
    assert grown < 32 * MIB
