"""Tokens: two headers, any case of the scheme, 401 with a challenge for all that is no good token."""

import base64
import json

import httpx
import pytest

from tests.api.server import RunningServer
from tests.api.support import Person, ask_token, connect, problem, unique

PROTECTED = [
    ("GET", "/packages"),
    ("POST", "/package"),
    ("GET", "/package/x"),
    ("PUT", "/package/x"),
    ("PATCH", "/package/x"),
    ("DELETE", "/package/x"),
    ("GET", "/package/x/content"),
    ("GET", "/package/x/lineage"),
    ("GET", "/package/x/cost"),
    ("GET", "/package/x/audit"),
    ("DELETE", "/auth/token"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("PUT", "/users/x/permissions"),
    ("PUT", "/users/x/password"),
    ("DELETE", "/users/x"),
    ("DELETE", "/reset"),
]
PUBLIC = ["/health", "/health/ready", "/docs", "/redoc", "/openapi.json"]
SCHEMES = ["Bearer", "bearer", "BEARER", "bEaReR"]


def base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unauthenticated(answer: httpx.Response) -> None:
    problem(answer, 401)
    assert answer.headers["www-authenticate"].split()[0].rstrip(",") == "Bearer"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_no_token_is_401(anonymous: httpx.Client, method: str, path: str) -> None:
    unauthenticated(anonymous.request(method, path))


@pytest.mark.parametrize("path", PUBLIC)
def test_public_routes_need_no_token(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(path).status_code == 200


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("header", ["Authorization", "X-Authorization", "x-authorization"])
def test_both_headers_and_any_case_are_accepted(
    publisher: Person, anonymous: httpx.Client, header: str, scheme: str
) -> None:
    answer = anonymous.get("/packages", params={"limit": 1}, headers={header: f"{scheme} {publisher.token}"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("header", ["Authorization", "X-Authorization"])
@pytest.mark.parametrize(
    "value", ["", "Bearer", "Basic YWRtaW46YWRtaW4=", "nonsense", "Bearer a.b.c", "Bearer " + "x" * 5000]
)
def test_nonsense_is_401(anonymous: httpx.Client, header: str, value: str) -> None:
    unauthenticated(anonymous.get("/packages", headers={header: value}))


def test_token_with_bytes_beyond_ascii_is_401(anonymous: httpx.Client) -> None:
    unauthenticated(anonymous.get("/packages", headers={b"Authorization": b"Bearer caf\xe9"}))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_token_with_a_changed_part_is_401(publisher: Person, anonymous: httpx.Client, part: int) -> None:
    parts = publisher.token.split(".")
    # The first character of a part; the last one's low bits may not count.
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    unauthenticated(anonymous.get("/packages", headers={"Authorization": "Bearer " + ".".join(parts)}))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512"])
def test_forged_token_is_401(publisher: Person, anonymous: httpx.Client, algorithm: str) -> None:
    payload = publisher.token.split(".")[1]
    for signature in ("", "AAAA"):
        forged = f"{base64url({'alg': algorithm, 'typ': 'JWT'})}.{payload}.{signature}"
        unauthenticated(anonymous.get("/packages", headers={"Authorization": f"Bearer {forged}"}))


def test_password_form_gives_a_token(server: RunningServer, publisher: Person) -> None:
    with connect(server.url) as client:
        answer = ask_token(client, publisher.name, publisher.password)
        assert answer.status_code == 200
        document = answer.json()
        assert document["token_type"] == "bearer"
        assert document["expires_in"] == 36_000
        # RFC 6749, section 5.1.
        assert "no-store" in answer.headers["cache-control"]
        headers = {"Authorization": f"Bearer {document['access_token']}"}
        assert client.get("/packages", params={"limit": 1}, headers=headers).status_code == 200


def test_token_is_a_jwt_with_id_and_expiry(publisher: Person) -> None:
    payload = publisher.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["jti"]
    assert isinstance(claims["exp"], int)
    assert publisher.password not in json.dumps(claims)


def test_wrong_password_and_unknown_name_get_the_same_answer(anonymous: httpx.Client, publisher: Person) -> None:
    wrong, unknown = (ask_token(anonymous, name, "not the password") for name in (publisher.name, unique("nobody")))
    unauthenticated(wrong)
    unauthenticated(unknown)
    differing = ("request_id", "instance")
    assert [{key: value for key, value in answer.json().items() if key not in differing} for answer in (wrong,)] == [
        {key: value for key, value in answer.json().items() if key not in differing} for answer in (unknown,)
    ]


@pytest.mark.parametrize("missing", ["username", "password"])
def test_form_without_a_field_is_422(anonymous: httpx.Client, missing: str) -> None:
    form = {"grant_type": "password", "username": "someone", "password": "something"}
    del form[missing]
    problem(anonymous.post("/auth/token", data=form), 422)


def test_json_at_the_form_is_415(anonymous: httpx.Client) -> None:
    problem(anonymous.post("/auth/token", json={"username": "a", "password": "b"}), 415)


def test_authenticate_gives_a_json_string_that_is_a_header(anonymous: httpx.Client, publisher: Person) -> None:
    body = {"user": {"name": publisher.name, "is_admin": False}, "secret": {"password": publisher.password}}
    answer = anonymous.put("/authenticate", json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    value = answer.json()
    assert value.startswith("bearer ")
    for header in ("Authorization", "X-Authorization"):
        assert anonymous.get("/packages", params={"limit": 1}, headers={header: value}).status_code == 200


def test_authenticate_with_a_wrong_password_is_401(anonymous: httpx.Client, publisher: Person) -> None:
    body = {"user": {"name": publisher.name, "is_admin": False}, "secret": {"password": "not the password"}}
    unauthenticated(anonymous.put("/authenticate", json=body))


@pytest.mark.parametrize("body", [{}, {"user": {"name": "a"}}, {"secret": {"password": "b"}}, {"user": 1, "secret": 2}])
def test_authenticate_with_missing_members_is_422(anonymous: httpx.Client, body: object) -> None:
    problem(anonymous.put("/authenticate", json=body), 422)


def test_revoked_token_is_401_and_others_of_the_user_hold(server: RunningServer, publisher: Person) -> None:
    with connect(server.url) as client:
        token = ask_token(client, publisher.name, publisher.password).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert client.delete("/auth/token", headers=headers).status_code == 204
        unauthenticated(client.get("/packages", headers=headers))
        unauthenticated(client.delete("/auth/token", headers=headers))
    assert publisher.client.get("/packages", params={"limit": 1}).status_code == 200
