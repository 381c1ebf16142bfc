"""401, 403 and 413 are sent before the body is read, on every route that has one."""

import re

import httpx
import pytest

from tests.api.conftest import UserFactory
from tests.api.raw_http import all_answers, exchange, head
from tests.api.server import RunningServer
from tests.api.support import Person

ID = "01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60"
PARAMETERS = {"number": "1", "type": "model", "alias": "prod", "kind": "models"}


def operations(anonymous: httpx.Client) -> list[tuple[str, str]]:
    """Method and an address of every route that needs a token."""
    return [
        (method.upper(), re.sub(r"\{(\w+)\}", lambda found: PARAMETERS.get(found[1], ID), path))
        for path, methods in anonymous.get("/openapi.json").json()["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") and method != "head"
    ]


def begun(method: str, path: str, *fields: str) -> bytes:
    return head(method, path, "Content-Type: application/json", "Content-Length: 1000", *fields)


def test_401_comes_before_the_body(server: RunningServer, anonymous: httpx.Client) -> None:
    for method, path in operations(anonymous):
        for fields in ([], ["Authorization: Bearer nonsense"]):
            answer = exchange(server.url, begun(method, path, *fields))
            assert answer is not None, (method, path)
            assert answer.status == 401, (method, path, answer)
            assert answer.headers["www-authenticate"] == "Bearer"


def test_403_comes_before_the_body(server: RunningServer, anonymous: httpx.Client, make_user: UserFactory) -> None:
    nobody = make_user()
    token = f"Authorization: Bearer {nobody.token}"
    for method, path in operations(anonymous):
        # Any account may sign out, change its password and delete itself.
        if (
            path.startswith("/auth")
            or path in ("/whoami", "/hf/api/whoami-v2")
            or (path.startswith(("/users", "/tokens")) and path != "/users")
        ):
            continue
        answer = exchange(server.url, begun(method, path, token))
        assert answer is not None, (method, path)
        assert answer.status == 403, (method, path, answer)


def test_no_100_continue_before_401(server: RunningServer, anonymous: httpx.Client) -> None:
    for method, path in operations(anonymous):
        answers = all_answers(server.url, begun(method, path, "Expect: 100-continue"))
        assert [answer.status for answer in answers] == [401], (method, path)


@pytest.mark.parametrize(
    ("method", "path", "media_type"),
    [
        ("POST", "/package", "application/json"),
        ("POST", "/package", "multipart/form-data; boundary=b"),
        ("PATCH", f"/package/{ID}", "application/json"),
        ("PUT", "/authenticate", "application/json"),
        ("POST", "/auth/token", "application/x-www-form-urlencoded"),
        ("POST", "/uploads", "application/json"),
    ],
)
def test_413_comes_before_the_body(
    server: RunningServer, admin: Person, method: str, path: str, media_type: str
) -> None:
    fields = [f"Content-Type: {media_type}", f"Content-Length: {10**15}", f"Authorization: Bearer {admin.token}"]
    answer = exchange(server.url, head(method, path, *fields))
    assert answer is not None
    assert answer.status == 413


def test_a_connection_lives_on_after_a_small_body_that_nobody_read(server: RunningServer) -> None:
    unread = head("POST", "/nowhere", "Content-Length: 5") + b"12345"
    last = head("GET", "/health", "Connection: close")
    assert [answer.status for answer in all_answers(server.url, unread + unread + last)] == [404, 404, 200]
