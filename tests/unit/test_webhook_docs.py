"""What docs/webhooks.md tells receivers is true."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from registry.domain.events import EventType
from registry.domain.webhooks import new_secret, payload_of, signed_headers
from registry.services.webhooks.deliveries import MAX_ATTEMPTS, wait_seconds
from registry.settings import Settings
from tests.factories import make_delivery, make_event

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_the_example_verifies_what_is_sent() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)  # noqa: S102 – our own page
    secret, event = new_secret(), make_event("some-package")
    delivery = make_delivery("w", id=event.id, payload=payload_of(event))
    headers = signed_headers(delivery, secret, at=datetime.now(UTC))

    assert names["receive"](secret, headers, delivery.payload)["data"]["package_id"] == "some-package"
    for broken in (delivery.payload + b" ", b"{}"):
        with pytest.raises(WebhookVerificationError):
            names["receive"](secret, headers, broken)


def test_the_formula_is_what_is_computed() -> None:
    secret, delivery = new_secret(), make_delivery("w")
    headers = signed_headers(delivery, secret, at=datetime.now(UTC))

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{delivery.payload.decode()}".encode()
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_numbers_and_names_are_those_of_the_code() -> None:
    hours = sum(wait_seconds(attempt, jitter=0) for attempt in range(1, MAX_ATTEMPTS)) / 3600
    assert f"{MAX_ATTEMPTS} tries in {hours:.0f} hours" in " ".join(PAGE.split())
    assert {f"`{event}`" for event in EventType} <= set(re.findall(r"`[a-z.]+`", PAGE))
    assert f"`REGISTRY_MAX_WEBHOOKS` ({Settings.model_fields['max_webhooks'].default})" in PAGE
