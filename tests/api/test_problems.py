"""Errors: RFC 9457 everywhere, one type for each kind, and details that say what was wrong with this request."""

import socket

import httpx
import pytest

from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, invalid, json_package, metadata, problem, send_package, unique

UNKNOWN_ROUTES = ["/nope", "/packages/1", "/package/1/nope", "/users/a/b/c", "/health/nope", "/%2e%2e/x"]
# Paths with the methods that they have, by the contract.
METHODS = {
    "/packages": {"GET"},
    "/package": {"POST"},
    "/package/{id}": {"GET", "PUT", "PATCH", "DELETE"},
    "/package/{id}/content": {"GET", "HEAD"},
    "/package/{id}/lineage": {"GET"},
    "/package/{id}/cost": {"GET"},
    "/package/{id}/audit": {"GET"},
    "/auth/token": {"POST", "DELETE"},
    "/authenticate": {"PUT"},
    "/users": {"GET", "POST"},
    "/users/admin": {"DELETE"},
    "/users/admin/password": {"PUT"},
    "/users/admin/permissions": {"PUT"},
    "/health": {"GET"},
    "/health/ready": {"GET"},
    "/health/components": {"GET"},
    "/metrics": {"GET"},
    "/reset": {"DELETE"},
}
JSON_ROUTES = [
    ("POST", "/package"),
    ("PUT", "/package/{id}"),
    ("PATCH", "/package/{id}"),
    ("PUT", "/authenticate"),
    ("POST", "/users"),
    ("PUT", "/users/{user}/permissions"),
    ("PUT", "/users/{user}/password"),
]


def send_raw(
    admin: Person, method: str, path: str, package: JsonObject, body: bytes, media_type: str = "application/json"
) -> httpx.Response:
    route = path.format(id=package["id"], user=package["created_by"])
    return admin.client.request(method, route, content=body, headers={"Content-Type": media_type})


@pytest.mark.parametrize("path", UNKNOWN_ROUTES)
def test_unknown_route_is_a_problem(admin: Person, path: str) -> None:
    problem(admin.client.get(path), 404)


def test_unknown_route_is_a_problem_without_a_token_too(anonymous: httpx.Client) -> None:
    problem(anonymous.get("/nope"), 404, 401)


@pytest.mark.parametrize("path", METHODS)
def test_wrong_method_is_405_and_names_all_right_ones(admin: Person, package: JsonObject, path: str) -> None:
    methods = METHODS[path]
    wrong = next(method for method in ("POST", "PATCH", "PUT") if method not in methods)
    answer = admin.client.request(wrong, path.format(id=package["id"]))
    problem(answer, 405)
    allowed = {method.strip() for method in answer.headers["allow"].split(",")}
    assert methods <= allowed
    assert wrong not in allowed


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_unusual_methods_are_problems(admin: Person, method: str) -> None:
    problem(admin.client.request(method, "/packages"), 400, 405, 501)


@pytest.mark.parametrize(
    "package_id", ["x", "0" * 64, "0" * 500, "a%00b", "..%2f..%2fetc", "%E6%A8%A1", "a%20b", "%ff"]
)
@pytest.mark.parametrize("rest", ["", "/content", "/audit", "/lineage", "/cost"])
def test_ids_that_do_not_exist_are_problems(admin: Person, package_id: str, rest: str) -> None:
    problem(admin.client.get(f"/package/{package_id}{rest}"), 404, 422)


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize(
    "body", [b"{", b'{"a": }', b"{'a': 1}", b'{"a": NaN}', b'{"a": "\xff"}', b"nonsense", b'{"a":1}x']
)
def test_malformed_json_is_400(admin: Person, package: JsonObject, method: str, path: str, body: bytes) -> None:
    problem(send_raw(admin, method, path, package, body), 400)


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
def test_empty_body_is_refused(admin: Person, package: JsonObject, method: str, path: str) -> None:
    problem(send_raw(admin, method, path, package, b""), 400, 422)


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"true", b"[{}]"])
def test_json_that_is_no_object_is_422(admin: Person, package: JsonObject, method: str, path: str, body: bytes) -> None:
    invalid(send_raw(admin, method, path, package, body))


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/octet-stream", "image/png"])
def test_unknown_media_type_is_415(admin: Person, package: JsonObject, method: str, path: str, media_type: str) -> None:
    problem(send_raw(admin, method, path, package, b"{}", media_type), 415)


def test_media_type_with_parameters_is_known(admin: Person) -> None:
    answer = admin.client.post(
        "/package",
        content=httpx.Request("POST", "http://x", json=json_package()).read(),
        headers={"Content-Type": "Application/JSON; charset=UTF-8"},
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_missing_members_are_named_by_pointer(publisher: Person, member: str) -> None:
    body = json_package()
    del body[member]
    invalid(publisher.client.post("/package", json=body), f"/{member}")


@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_missing_members_of_a_multipart_body_are_named_by_pointer(publisher: Person, member: str) -> None:
    described = metadata()
    del described[member]
    invalid(send_package(publisher.client, described), f"/{member}")


def test_every_broken_member_is_named(publisher: Person) -> None:
    body = json_package(name="", version="one", type="poem", description=7)
    invalid(publisher.client.post("/package", json=body), "/name", "/version", "/type", "/description")


def test_pointer_leads_into_arrays(publisher: Person) -> None:
    dependencies = [{"relation": "base_model", "name": "a", "version": None, "id": None}, {"relation": 7, "name": "b"}]
    body = json_package(dependencies=dependencies)
    invalid(publisher.client.post("/package", json=body), "/dependencies/1/relation")


def test_a_kind_of_error_keeps_its_type(admin: Person) -> None:
    kinds = {
        problem(admin.client.get("/nope"), 404)["type"],
        problem(admin.client.post("/packages"), 405)["type"],
        invalid(admin.client.get("/packages", params={"limit": 0}))["type"],
        problem(admin.client.put("/authenticate", content=b"{}", headers={"Content-Type": "text/plain"}), 415)["type"],
        problem(admin.client.put("/authenticate", content=b"{", headers={"Content-Type": "application/json"}), 400)[
            "type"
        ],
    }
    assert len(kinds) == 5
    first = problem(admin.client.get(f"/package/{unique('x')}"), 404)
    second = problem(admin.client.delete(f"/package/{unique('y')}"), 404)
    assert first["type"] == second["type"]
    assert first["instance"] != second["instance"]


def test_streamed_json_over_the_limit_is_413(admin: Person) -> None:
    chunks = (b" " * 1_000_000 for _ in range(100))
    answer = admin.client.put("/authenticate", content=chunks, headers={"Content-Type": "application/json"})
    problem(answer, 413)


def test_announced_length_over_the_limit_is_413_before_the_body(server: RunningServer) -> None:
    url = httpx.URL(server.url)
    head = (
        f"PUT /authenticate HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000000000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
