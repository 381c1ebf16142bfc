"""Uploads in parts, as the tests of the API speak of them."""

import hashlib
import random
from typing import Any

import httpx

from tests.api.support import JsonObject, Person, metadata

PART_BYTES = 64 * 1024
"""The part size of the servers that tests start for uploads: the least that the settings allow."""


def some_bytes(size: int, *, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 (test data)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def begin(person: Person, data: bytes, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    """Ask for an upload of `data`; `members` replace members of the body."""
    body = {"metadata": metadata(), "size": len(data), "sha256": sha256_of(data), **members}
    return person.client.post("/uploads", json=body, headers=headers or {})


def opened(person: Person, data: bytes, **members: Any) -> JsonObject:
    answer = begin(person, data, **members)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    upload: JsonObject = answer.json()
    return upload


def cut(upload: JsonObject, data: bytes) -> dict[int, bytes]:
    """The parts of `data` by number."""
    size = upload["part_size"]
    return {number + 1: data[start : start + size] for number, start in enumerate(range(0, len(data), size))}


def send(person: Person, upload: JsonObject, number: int, part: bytes, **headers: str) -> httpx.Response:
    """PUT a part to the service itself."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.client.put(f"/uploads/{upload['id']}/parts/{number}", content=part, headers=named)


def send_all(person: Person, upload: JsonObject, data: bytes) -> None:
    for number, part in cut(upload, data).items():
        answer = send(person, upload, number, part)
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text


def state(person: Person, upload: JsonObject) -> JsonObject:
    answer = person.client.get(f"/uploads/{upload['id']}")
    assert answer.status_code == httpx.codes.OK, answer.text
    found: JsonObject = answer.json()
    return found


def complete(person: Person, upload: JsonObject) -> httpx.Response:
    """Ask until the bytes are verified."""
    while (answer := person.client.post(f"/uploads/{upload['id']}/complete")).status_code == httpx.codes.ACCEPTED:
        pass
    return answer
