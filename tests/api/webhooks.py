"""What the tests of webhooks share."""

from typing import Any

import httpx

from tests.api.support import JsonObject, eventually, listed

CHANGES = ["package.created", "package.deleted", "package.updated"]


def register(client: httpx.Client, *, url: str = "https://hooks.example.org/x", **members: Any) -> JsonObject:
    answer = client.post("/webhooks", json={"url": url, "events": CHANGES, **members})
    assert answer.status_code == 201, answer.text
    made: JsonObject = answer.json()
    assert answer.headers["location"] == f"/webhooks/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    return made


def deliveries(client: httpx.Client, webhook: JsonObject) -> list[JsonObject]:
    return listed(client, f"/webhooks/{webhook['id']}/deliveries")


def ended(client: httpx.Client, webhook: JsonObject, status: str = "delivered") -> JsonObject:
    """The webhook's only delivery, once it has this status."""
    eventually(lambda: [each["status"] for each in deliveries(client, webhook)] == [status])
    return deliveries(client, webhook)[0]
