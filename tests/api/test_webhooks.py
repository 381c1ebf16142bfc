"""Registering webhooks: what is accepted, shown and refused."""

import base64
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.api.server import server_environment, start_server
from tests.api.support import TIMESTAMP, JsonObject, Person, invalid, listed, log_in, pages, problem
from tests.api.webhooks import CHANGES, register

OWN_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_secret_is_shown_once(boss: Person) -> None:
    made = register(boss.client)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert set(made) == {"id", "url", "events", "status", "created_at"}
    assert (made["url"], made["events"], made["status"]) == ("https://hooks.example.org/x", CHANGES, "active")
    assert TIMESTAMP.fullmatch(made["created_at"])

    assert made in listed(boss.client, "/webhooks")
    assert boss.client.get(f"/webhooks/{made['id']}").json() == made
    assert secret not in boss.client.get("/webhooks").text
    assert register(boss.client, events=["rating.completed"])["secret"] != secret
    for webhook in listed(boss.client, "/webhooks"):
        boss.client.delete(f"/webhooks/{webhook['id']}")


def test_own_secret_is_taken(boss: Person) -> None:
    made = register(boss.client, secret=OWN_SECRET, events=["upload.expired", "upload.expired"])
    assert (made["secret"], made["events"]) == (OWN_SECRET, ["upload.expired"])
    boss.client.delete(f"/webhooks/{made['id']}")


def test_every_event_may_be_asked_for(boss: Person) -> None:
    documented = [
        "alias.moved", "package.created", "package.deleted", "package.updated", "rating.completed", "safety.completed",
        "upload.expired",
    ]  # fmt: skip
    made = register(boss.client, events=documented)
    assert made["events"] == documented
    boss.client.delete(f"/webhooks/{made['id']}")


def test_listing_is_paged_oldest_first(boss: Person) -> None:
    made = [register(boss.client)["id"] for _ in range(5)]
    walked = list(pages(boss.client, "/webhooks", limit=2))
    assert [len(page) for page in walked] == [2, 2, 1]
    assert [each["id"] for page in walked for each in page] == made
    for webhook_id in made:
        assert boss.client.delete(f"/webhooks/{webhook_id}").status_code == 204
        problem(boss.client.delete(f"/webhooks/{webhook_id}"), 404)
    assert listed(boss.client, "/webhooks") == []


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"url": "ftp://example.org/"}, "/url"),
        ({"url": "https://alice:secret@example.org/"}, "/url"),
        ({"url": "not a url"}, "/url"),
        ({"url": None}, "/url"),
        ({"url": "https://example.org/" + "x" * 3000}, "/url"),
        ({"events": []}, "/events"),
        ({"events": ["package.eaten"]}, "/events"),
        ({"events": ["webhook.test"]}, "/events"),
        ({"events": "package.created"}, "/events"),
        ({"secret": "hunter2"}, "/secret"),
        ({"secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"secret": "whsec_" + "A" * 200}, "/secret"),
        ({"secret": 7}, "/secret"),
        ({"extra": 1}, "/extra"),
    ],
)
def test_bad_registrations(admin: Person, members: JsonObject, pointer: str) -> None:
    body = {"url": "https://hooks.example.org/x", "events": CHANGES, **members}
    document = invalid(admin.client.post("/webhooks", json=body))
    assert all(error["pointer"].startswith(pointer) for error in document["errors"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"],
)
def test_inside_targets_are_refused(admin: Person, host: str) -> None:
    body = {"url": f"http://{host}:9000/hook", "events": CHANGES}
    invalid(admin.client.post("/webhooks", json=body), "/url")


ROUTES = [
    ("POST", "/webhooks"),
    ("GET", "/webhooks"),
    ("GET", "/webhooks/none"),
    ("DELETE", "/webhooks/none"),
    ("GET", "/webhooks/none/deliveries"),
    ("POST", "/webhooks/none/test"),
    ("POST", "/webhooks/none/deliveries/none/replay"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_webhooks_are_for_admins(only: Mapping[str, Person], anonymous: httpx.Client, method: str, path: str) -> None:
    problem(anonymous.request(method, path), 401)
    for permission in ("upload", "search", "download"):
        problem(only[permission].client.request(method, path, json={}), 403)
    answer = only["admin"].client.request(method, path, json={})
    if "none" in path:
        problem(answer, 404)
    else:
        assert answer.status_code == (200 if method == "GET" else 422)


def test_most_webhooks_is_a_setting_and_reset_drops_them(tmp_path: Path) -> None:
    server = start_server(server_environment(tmp_path / "data", REGISTRY_MAX_WEBHOOKS="2"))
    try:
        person = log_in(server.url, server.admin_name, server.admin_password)
        with person.client as client:
            for _ in range(2):
                register(client)
            body = {"url": "https://hooks.example.org/x", "events": CHANGES}
            assert "2 webhooks" in invalid(client.post("/webhooks", json=body))["detail"]
            assert client.delete("/reset").status_code == 200
            assert listed(client, "/webhooks") == []
            register(client)
    finally:
        server.stop()
