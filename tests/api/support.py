"""What the API tests share: clients, publishing, and the checks that hold for every answer."""

import base64
import contextlib
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.api.server import TLS

JsonObject = dict[str, Any]
PROBLEM_TYPE = re.compile(r"/problems/[a-z0-9]+(?:-[a-z0-9]+)*")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """A user that has logged in; `client` carries the token."""

    name: str
    password: str
    token: str
    client: httpx.Client


def unique(prefix: str = "thing") -> str:
    """A name that no other test uses, so that tests can share a server, a live one too."""
    return f"{prefix}-{uuid.uuid4().hex[:16]}"


def connect(url: str, token: str | None = None) -> httpx.Client:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60.0, trust_env=False, verify=TLS)


def ask_token(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/auth/token", data={"grant_type": "password", "username": name, "password": password})


def log_in(url: str, name: str, password: str) -> Person:
    with connect(url) as client:
        answer = ask_token(client, name, password)
    assert answer.status_code == httpx.codes.OK, answer.text
    token = answer.json()["access_token"]
    return Person(name, password, token, connect(url, token))


def problem(response: httpx.Response, *statuses: int, slug: str | None = None) -> JsonObject:
    """The problem document of an error answer, after checking all that holds for each of them (RFC 9457)."""
    assert response.status_code in statuses, f"{response.status_code}: {response.text[:500]!r}"
    assert response.headers["content-type"].split(";")[0] == "application/problem+json"
    document: JsonObject = response.json()
    assert PROBLEM_TYPE.fullmatch(document["type"]), document
    assert slug is None or document["type"] == f"/problems/{slug}"
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["x-request-id"]
    for member in ("title", "detail", "instance"):
        assert isinstance(document[member], str), member
        assert document[member], member
    assert "Traceback" not in response.text
    return document


def invalid(response: httpx.Response, *pointers: str) -> JsonObject:
    """The problem document of a 422 that names these places, among others."""
    document = problem(response, 422)
    assert document["errors"]
    for error in document["errors"]:
        assert isinstance(error["pointer"], str)
        assert error["detail"]
    assert set(pointers) <= {error["pointer"] for error in document["errors"]}
    return document


def metadata(**members: Any) -> JsonObject:
    """Valid metadata under a name of its own; `members` add to it or replace members."""
    return {"name": unique("pkg"), "version": "1.0.0", "type": "model", **members}


def json_package(content: bytes = b"content", **members: Any) -> JsonObject:
    """A valid JSON body of POST /package."""
    return metadata(content_base64=base64.b64encode(content).decode(), **members)


def multipart(
    described: JsonObject | bytes,
    content: bytes | None = b"content",
    *,
    filename: str = "file.bin",
    media_type: str = "application/octet-stream",
    boundary: str = "registry-test-boundary",
) -> tuple[bytes, dict[str, str]]:
    """A multipart/form-data body (RFC 7578) with the parts `metadata` and `content`, and its Content-Type."""
    document = described if isinstance(described, bytes) else json.dumps(described).encode()
    quoted = filename.replace("\\", "\\\\").replace('"', '\\"')
    edge = b"--" + boundary.encode()
    lines = [edge, b'Content-Disposition: form-data; name="metadata"', b"Content-Type: application/json", b"", document]
    if content is not None:
        disposition = f'Content-Disposition: form-data; name="content"; filename="{quoted}"'
        lines += [edge, disposition.encode(), f"Content-Type: {media_type}".encode(), b"", content]
    body = b"\r\n".join([*lines, edge + b"--", b""])
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def send_package(
    client: httpx.Client,
    described: JsonObject | None = None,
    content: bytes | None = b"content",
    *,
    method: str = "POST",
    path: str = "/package",
    filename: str = "file.bin",
    media_type: str = "application/octet-stream",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """POST (or PUT) metadata and content as multipart/form-data."""
    body, content_type = multipart(described or metadata(), content, filename=filename, media_type=media_type)
    return client.request(method, path, content=body, headers={**content_type, **(headers or {})})


def publish(
    client: httpx.Client,
    content: bytes = b"content",
    *,
    filename: str = "file.bin",
    media_type: str = "application/octet-stream",
    **members: Any,
) -> JsonObject:
    """Publish a package that must be accepted; the package as answered."""
    answer = send_package(client, metadata(**members), content, filename=filename, media_type=media_type)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    package: JsonObject = answer.json()
    return package


def fetch(client: httpx.Client, package: JsonObject) -> JsonObject:
    answer = client.get(f"/package/{package['id']}")
    assert answer.status_code == httpx.codes.OK, answer.text
    found: JsonObject = answer.json()
    return found


def download(client: httpx.Client, package: JsonObject, **headers: str) -> httpx.Response:
    """The content, streamed by the service itself in every backend."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/package/{package['id']}/content", params={"redirect": "false"}, headers=named)


def pages(client: httpx.Client, path: str, **parameters: Any) -> Iterator[list[JsonObject]]:
    """Every page of a listing, by its `next_cursor`; the Link header must lead to the same place."""
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = client.get(path, params=parameters | ({"cursor": cursor} if cursor else {}))
        assert page.status_code == httpx.codes.OK, page.text
        document = page.json()
        yield document["items"]
        cursor = document["next_cursor"]
        assert (cursor is not None) == ("next" in page.links)
        if cursor is None:
            return
        assert httpx.URL(urljoin(str(page.url), page.links["next"]["url"])).params["cursor"] == cursor
    raise AssertionError(f"{path} never ends")


def listed(client: httpx.Client, path: str = "/packages", **parameters: Any) -> list[JsonObject]:
    """All items of a listing."""
    return [item for page in pages(client, path, **parameters) for item in page]


def ids(items: list[JsonObject]) -> list[str]:
    return [item["id"] for item in items]


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_field(content: bytes) -> str:
    """A Content-Digest or Repr-Digest field (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def eventually(check: Callable[[], bool], *, timeout_seconds: float = 60.0) -> None:
    """Wait for what the contract lets happen a little later. Fails when it has not happened by then."""
    deadline = time.monotonic() + timeout_seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@contextlib.contextmanager
def logged_in(url: str, name: str, password: str) -> Iterator[Person]:
    person = log_in(url, name, password)
    with person.client:
        yield person
