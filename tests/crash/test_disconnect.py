"""Clients that go away in the middle of an upload leave nothing visible, and nothing behind after the sweep."""

import base64
import json
import socket
import struct

import httpx
import pytest

from tests.api.backends import ENGINES, SCALED, backend_settings
from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import (
    JsonObject,
    Person,
    download,
    eventually,
    listed,
    log_in,
    metadata,
    multipart,
    publish,
    send_package,
)

CONTENT = bytes(range(256)) * 20_000


def encoded(form: str, described: JsonObject) -> tuple[bytes, str]:
    if form == "multipart":
        body, headers = multipart(described, CONTENT)
        return body, headers["Content-Type"]
    return json.dumps({**described, "content_base64": base64.b64encode(CONTENT).decode()}).encode(), "application/json"


def send_half(server: RunningServer, person: Person, request: str, body: bytes, content_type: str, ending: str) -> None:
    """Send half of a request and go away: by a FIN (`close`), by a RST (`reset`)."""
    url = httpx.URL(server.url)
    framing = "Transfer-Encoding: chunked" if ending == "chunked" else f"Content-Length: {len(body)}"
    head = (
        f"{request} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer {person.token}\r\n"
        f"Content-Type: {content_type}\r\n{framing}\r\n\r\n"
    )
    half = body[: len(body) // 2]
    if ending == "chunked":
        half = f"{len(half):x}\r\n".encode() + half + b"\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(head.encode() + half)
        if ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def swept_to(server: RunningServer, count: int) -> bool:
    server.sweep()
    return len(server.blob_files()) == count


@pytest.mark.parametrize("ending", ["close", "reset", "chunked"])
@pytest.mark.parametrize("form", ["multipart", "json"])
def test_half_a_publish_leaves_nothing(start: ServerFactory, form: str, ending: str) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        kept = publish(client, b"kept")
        described = metadata()
        body, content_type = encoded(form, described)
        for _ in range(3):
            send_half(server, admin, "POST /package", body, content_type, ending)
        eventually(lambda: swept_to(server, 1), timeout_seconds=30)
        assert listed(client, name=described["name"]) == []
        assert send_package(client, described).status_code == 201
        assert download(client, kept).content == b"kept"


@pytest.mark.engines(*ENGINES)
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_half_a_publish_leaves_no_multipart_upload(
    request: pytest.FixtureRequest, start: ServerFactory, ending: str
) -> None:
    server = start(**backend_settings(request, SCALED))
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        kept = publish(client, b"kept")
        # Half of it is more than a part: the multipart upload has begun when the client goes away.
        body, headers = multipart(metadata(), CONTENT * 5)
        send_half(server, admin, "POST /package", body, headers["Content-Type"], ending)
        wrong = {**metadata(), "sha256": "0" * 64}
        assert send_package(client, wrong, CONTENT * 5).status_code == 422
        eventually(lambda: len(server.stored()) == 1, timeout_seconds=30)
        assert download(client, kept).content == b"kept"


def test_half_a_replacement_leaves_the_old(start: ServerFactory) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        package = publish(client, b"old")
        body, content_type = encoded("multipart", metadata(name=package["name"]))
        send_half(server, admin, f"PUT /package/{package['id']}", body, content_type, "reset")
        eventually(lambda: swept_to(server, 1), timeout_seconds=30)
        found = client.get(f"/package/{package['id']}").json()
        assert found["revision"] == 1
        assert download(client, package).content == b"old"


def test_client_that_stops_reading_hurts_nobody(start: ServerFactory) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        package = publish(client, CONTENT * 4)
        for _ in range(5):
            with client.stream("GET", f"/package/{package['id']}/content") as answer:
                next(answer.iter_raw(1000))
        assert client.get("/health/ready").status_code == 200
        assert download(client, package).content == CONTENT * 4
