"""docs/limits.md: every line of its tables is tried against a server."""

import contextlib
import json
import re
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from registry.settings import Settings
from tests.api.raw_http import Answer, all_answers, connection, exchange, head
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import Person, ask_token, connect, json_package, log_in, metadata, multipart, publish, unique
from tests.api.uploads import begin, opened
from tests.docs.conftest import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!limit |---)(.+?) \| .+? \| (.*?) ?\| (\w+) \|$", PAGE, re.MULTILINE)
MIB = 1024 * 1024
SMALL = {
    "REGISTRY_HEAD_SECONDS": "1",
    "REGISTRY_KEEP_ALIVE_SECONDS": "2",
    "REGISTRY_UPLOAD_IDLE_SECONDS": "1",
    "REGISTRY_RESPONSE_IDLE_SECONDS": "1",
    "REGISTRY_MAX_JSON_BYTES": "400000",
    "REGISTRY_MAX_INLINE_BYTES": "100000",
    "REGISTRY_MAX_PACKAGE_BYTES": str(50 * MIB),
    "REGISTRY_MAX_USER_BYTES": str(60 * MIB),
    "REGISTRY_MAX_OPEN_UPLOADS": "1",
    "REGISTRY_LOGIN_ATTEMPTS_PER_NAME": "1",
    "REGISTRY_MAX_WEBHOOKS": "1",
}


STRICT = {
    "REGISTRY_MAX_CONNECTIONS": "60",
    "REGISTRY_MIN_BODY_BYTES_PER_SECOND": "1000000000",
    "REGISTRY_REQUESTS_PER_MINUTE": "1",
    "REGISTRY_UPLOAD_MEMORY_BYTES": str(4 * MIB),
    "REGISTRY_UPLOAD_WAIT_SECONDS": "1",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A server with small limits, and somebody to try them."""

    server: RunningServer
    person: Person
    strict: RunningServer
    """Another server, for the limits that would disturb all other trials."""

    def raw(self, *pieces: bytes) -> str:
        answer: Answer | None = exchange(self.server.url, *pieces)
        return "closed" if answer is None else str(answer.status)

    def signed(self, method: str, path: str, *fields: str) -> bytes:
        return head(method, path, f"Authorization: Bearer {self.person.token}", *fields)

    def json(self, **members: Any) -> str:
        return str(self.person.client.post("/package", json=json_package(**members)).status_code)

    def get(self, path: str, **parameters: str) -> str:
        return str(self.person.client.get(path, params=parameters).status_code)


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    folder = tmp_path_factory.mktemp("limits")
    running = start_server(server_environment(folder / "data", **SMALL))
    strict = start_server(server_environment(folder / "strict", **STRICT))
    person = log_in(running.url, running.admin_name, running.admin_password)
    with person.client:
        yield Tried(running, person, strict)
    running.stop()
    strict.stop()


def many(count: int) -> list[str]:
    return [f"A{number}: x" for number in range(count)]


def slow_body(tried: Tried) -> str:
    """Fast enough for silence not to count, and too slow for the rate."""
    with connection(tried.strict.url) as line, line.makefile("rb") as stream, contextlib.suppress(OSError):
        line.sendall(head("PUT", "/authenticate", "Content-Type: application/json", "Content-Length: 900"))
        stop = time.monotonic() + 60
        while time.monotonic() < stop:
            line.sendall(b" ")
            if select.select([line], [], [], 0.2)[0]:
                return stream.readline().split()[1].decode()
    return "200"


def unread_response(tried: Tried) -> str:
    package = publish(tried.person.client, bytes(30 * MIB))
    with connection(tried.server.url) as line:
        line.sendall(tried.signed("GET", f"/package/{package['id']}/content"))
        time.sleep(6)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while data := line.recv(MIB):
                received += len(data)
    tried.person.client.delete(f"/package/{package['id']}")
    return "closed" if received < 30 * MIB else "200"


def too_many_connections(tried: Tried) -> str:
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(connection(tried.strict.url)) for _ in range(70)]
        # Half of the time after which an unused connection is closed anyway. Which one makes place does not matter.
        closed, _, _ = select.select(lines, [], [], 5)
        return "closed" if closed and closed[0].recv(1) == b"" else "200"


def sent_ahead(tried: Tried) -> str:
    return "closed" if len(all_answers(tried.server.url, head("GET", "/health") * 100)) < 100 else "200"


def a_form(tried: Tried, **fields: str) -> str:
    with connect(tried.server.url) as client:
        form = {"username": unique(), "password": "x", **fields}
        return str(client.post("/auth/token", data=form).status_code)


def failed_logins(tried: Tried) -> str:
    name = unique()
    with connect(tried.server.url) as client:
        return [str(ask_token(client, name, "wrong").status_code) for _ in range(2)][-1]


def over_the_quota(tried: Tried) -> str:
    first = publish(tried.person.client, bytes(40 * MIB))
    body, headers = multipart(metadata(), bytes(40 * MIB))
    answer = tried.person.client.post("/package", content=body, headers=headers)
    tried.person.client.delete(f"/package/{first['id']}")
    return str(answer.status_code)


def over_the_open_uploads(tried: Tried) -> str:
    upload = opened(tried.person, b"x")
    status = begin(tried.person, b"x").status_code
    tried.person.client.delete(f"/uploads/{upload['id']}")
    return str(status)


def without_memory(tried: Tried) -> str:
    """Two bodies that begin at the same time, each of which wants all the memory."""
    described = f'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{json.dumps(metadata())}\r\n--b\r\n'
    body = described.encode() + b'Content-Disposition: form-data; name="content"\r\n\r\n' + bytes(2 * MIB)
    fields = ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {30 * MIB}"]
    begun = []
    for _ in range(2):
        token = log_in(tried.strict.url, tried.strict.admin_name, tried.strict.admin_password).token
        begun.append(head("POST", "/package", f"Authorization: Bearer {token}", *fields) + body)
    with connection(tried.strict.url) as line:
        line.sendall(begun[0])
        time.sleep(0.3)
        answer = exchange(tried.strict.url, begun[1])
    return str(answer and answer.status)


def requests_in_a_minute(tried: Tried) -> str:
    with connect(tried.strict.url, log_in(tried.strict.url, "admin", tried.strict.admin_password).token) as client:
        return [str(client.get("/packages").status_code) for _ in range(4)][-1]


def webhooks(tried: Tried) -> str:
    hook = {"url": "https://hooks.example.org/x", "events": ["package.created"]}
    return [str(tried.person.client.post("/webhooks", json=hook).status_code) for _ in range(2)][-1]


def with_a_part_head(tried: Tried, extra: bytes) -> str:
    body, headers = multipart(metadata())
    body = body.replace(b"Content-Type: application/json", extra, 1)
    return str(tried.person.client.post("/package", content=body, headers=headers).status_code)


def deep(depth: int) -> Any:
    return [deep(depth - 1)] if depth else 1


def post(tried: Tried, path: str, content: bytes, media_type: str = "application/json") -> str:
    headers = {"Content-Type": media_type}
    return str(tried.person.client.post(path, content=content, headers=headers).status_code)


DEPENDENCY = {"relation": "base_model", "name": "a", "version": None, "id": None}
CHUNKED = (
    head("PUT", "/authenticate", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"1\r\n{\r\n0\r\n"
)
TRIALS: dict[str, Callable[[Tried], str]] = {
    "request target": lambda tried: tried.raw(head("GET", "/health?" + "x" * 8192)),
    "request head": lambda tried: tried.raw(head("GET", "/health", "A: " + "x" * 65_536)),
    "header fields": lambda tried: tried.raw(head("GET", "/health", *many(128))),
    "trailer fields": lambda tried: tried.raw(CHUNKED + "\r\n".join([*many(131), ""]).encode()),
    "`Host` fields": lambda tried: tried.raw(head("GET", "/health", "Host: second")),
    "time for a head": lambda tried: tried.raw(b"GET /health HTTP/1.1\r\n"),
    "time without a byte": lambda tried: tried.raw(),
    "time between requests": lambda tried: (
        "closed" if len(all_answers(tried.server.url, head("GET", "/health"))) == 1 else ""
    ),
    "silence within a body": lambda tried: tried.raw(
        head("PUT", "/authenticate", "Content-Type: application/json", "Content-Length: 9")
    ),
    "rate of a body": slow_body,
    "response left unread": unread_response,
    "requests sent ahead": sent_ahead,
    "open connections": too_many_connections,
    "JSON body": lambda tried: post(tried, "/package/byRegEx", b'{"regex": "' + b"x" * 400_000 + b'"}'),
    "JSON depth": lambda tried: tried.json(tags=deep(70)),
    "JSON elements": lambda tried: post(tried, "/package", b"[" + b"0," * 10_000 + b"0]"),
    "JSON number": lambda tried: post(tried, "/package", b'{"size": 1e400}'),
    "`content_base64`": lambda tried: str(
        tried.person.client.post("/package", json=json_package(bytes(100_001))).status_code
    ),
    "content of a package": lambda tried: str(begin(tried.person, b"x", size=51 * MIB).status_code),
    "header fields of a part": lambda tried: with_a_part_head(tried, b"\r\n".join([b"A: x"] * 17)),
    "boundary": lambda tried: post(tried, "/package", b"x", "multipart/form-data; boundary=" + "x" * 71),
    "form": lambda tried: a_form(tried, password="x" * 17_000),
    "fields of a form": lambda tried: a_form(tried, **{f"a{number}": "x" for number in range(32)}),
    "content of one user": over_the_quota,
    "open uploads of one user": over_the_open_uploads,
    "memory for bodies": without_memory,
    "requests of one token in a minute": requests_in_a_minute,
    "failed logins of one name": failed_logins,
    "webhooks": webhooks,
    "id": lambda tried: tried.get("/package/" + "x" * 65),
    "name": lambda tried: tried.json(name="x" * 201),
    "version": lambda tried: tried.json(version="1.0.0-" + "x" * 256),
    "description": lambda tried: tried.json(description="x" * 10_001),
    "README": lambda tried: tried.json(readme="x" * (256 * 1024 + 1)),
    "license": lambda tried: tried.json(license="x" * 201),
    "tags": lambda tried: tried.json(tags=[f"t{number}" for number in range(51)]),
    "dependencies": lambda tried: tried.json(dependencies=[DEPENDENCY] * 201),
    "`source_url`": lambda tried: tried.json(source_url="https://example.org/" + "x" * 2048),
    "file name": lambda tried: tried.json(filename="x" * 256),
    "media type": lambda tried: tried.json(media_type="a/" + "x" * 126),
    "user name": lambda tried: str(tried.person.client.delete("/users/" + "x" * 65).status_code),
    "password": lambda tried: a_form(tried, password="x" * 1025),
    "`Idempotency-Key`": lambda tried: str(
        tried.person.client.post("/package", json=json_package(), headers={"Idempotency-Key": "x" * 256}).status_code
    ),
    "items on a page": lambda tried: tried.get("/packages", limit="201"),
    "cursor": lambda tried: tried.get("/packages", cursor="x" * 2049),
    "regular expression": lambda tried: post(tried, "/package/byRegEx", b'{"regex": "' + b"x" * 1001 + b'"}'),
    "`wait`": lambda tried: tried.get("/package/a/rate", wait="31"),
}


def test_every_line_has_a_trial_and_a_setting_that_exists() -> None:
    assert [name for name, _, _ in ROWS] == list(TRIALS)
    settings = {setting.strip("`") for _, setting, _ in ROWS if setting}
    assert settings <= {f"REGISTRY_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(("name", "status"), [(name, status) for name, _, status in ROWS])
def test_the_limit_is_as_the_page_says(tried: Tried, name: str, status: str) -> None:
    assert TRIALS[name](tried) == status
