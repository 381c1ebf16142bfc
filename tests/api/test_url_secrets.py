"""Secrets in URLs: in no log, no listing, no error."""

from collections.abc import Mapping

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import (
    Person,
    download,
    eventually,
    fetch,
    listed,
    log_in,
    metadata,
    problem,
    publish,
    send_package,
)
from tests.upstreams.raw import raw_server, sends

SECRET = "S3cr3tOfTheAddress"
OPEN = {"REGISTRY_ALLOW_PRIVATE_TARGETS": "true", "REGISTRY_LOG_LEVEL": "info", "REGISTRY_LOG_REQUESTS": "true"}


def shown_to(admin: Person, package_id: str) -> str:
    """All that a reader can see of the package and of webhooks."""
    paths = ["/packages", "/packages?status=failed", f"/package/{package_id}", f"/package/{package_id}/audit"]
    return "".join(admin.client.get(path).text for path in [*paths, "/webhooks"])


def logged(server: RunningServer) -> str:
    return server.log_path.read_text(errors="replace")


def test_a_signed_address_is_fetched_and_never_shown(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend, **OPEN)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with raw_server() as source:
        source.scripts["/k"] = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes")
        url = f"{source.url}/k?part=1&X-Amz-Signature={SECRET}"
        answer = admin.client.post("/package", json=metadata(source_url=url))
        assert answer.status_code == 202
        package = answer.json()
        assert package["source_url"] == f"{source.url}/k?part=1&X-Amz-Signature=redacted"
        eventually(lambda: fetch(admin.client, package)["status"] == "active")
        assert download(admin.client, package).content == b"bytes"
        assert f"X-Amz-Signature={SECRET}".encode() in source.requests[0]

        missing = f"{source.url}/none?sig={SECRET}"
        failing = admin.client.post("/package", json=metadata(source_url=missing)).json()
        eventually(lambda: fetch(admin.client, failing)["status"] == "failed")
    for each in (package, failing):
        assert SECRET not in shown_to(admin, each["id"])
    assert SECRET not in logged(server)
    admin.client.close()


def test_what_is_only_named_is_shown_without_its_secrets(start: ServerFactory) -> None:
    server = start(**OPEN)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    package = publish(admin.client, source_url=f"https://example.org/k?token={SECRET}")
    assert package["source_url"] == "https://example.org/k?token=redacted"
    path = f"/package/{package['id']}"
    changed = admin.client.patch(path, json={"source_url": f"https://example.org/l?api_key={SECRET}"})
    assert changed.json()["source_url"] == "https://example.org/l?api_key=redacted"
    with_password = f"https://alice:{SECRET}@example.org/k"
    for refused in (
        send_package(admin.client, metadata(source_url=with_password)),
        admin.client.post("/package", json=metadata(source_url=with_password)),
        admin.client.patch(path, json={"source_url": with_password}),
        admin.client.post("/webhooks", json={"url": with_password, "events": ["package.created"]}),
    ):
        problem(refused, 422)
        assert SECRET not in refused.text
    assert SECRET not in shown_to(admin, package["id"]) + logged(server)
    admin.client.close()


def test_a_webhooks_address_is_shown_once(start: ServerFactory) -> None:
    server = start(**OPEN)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with raw_server() as receiver:
        path = f"/services/{SECRET}/x"
        receiver.scripts[path] = sends(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        body = {"url": f"{receiver.url}{path}?key={SECRET}", "events": ["package.created"]}
        made = admin.client.post("/webhooks", json=body)
        assert made.json()["url"] == body["url"]
        assert admin.client.post(f"/webhooks/{made.json()['id']}/test").status_code == 202
        eventually(lambda: len(receiver.requests) > 0)
        assert SECRET.encode() in receiver.requests[0]
        [webhook] = listed(admin.client, "/webhooks")
        assert webhook["url"] == f"{receiver.url}/services/redacted/x?redacted"
        seen = admin.client.get(f"/webhooks/{webhook['id']}").text
        seen += admin.client.get(f"/webhooks/{webhook['id']}/deliveries").text
    assert SECRET not in seen + logged(server)
    admin.client.close()
