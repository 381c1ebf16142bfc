"""What is declared of ids, names and media types holds on every route, and before a store is asked."""

from collections.abc import Mapping

import httpx
import pytest

from tests.api.support import (
    JsonObject,
    Person,
    invalid,
    json_package,
    metadata,
    multipart,
    problem,
    publish,
    send_package,
)

BAD_IDS = ["a_b", "a.b", "%00", "%ff", "ä", "a b", "x" * 65, "%2e%2e", "{id}", "*"]


@pytest.mark.parametrize("package_id", BAD_IDS)
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("HEAD", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/content"),
        ("GET", "/rate"),
        ("GET", "/rate?wait=1"),
        ("POST", "/rate"),
        ("GET", "/files"),
        ("GET", "/audit"),
        ("GET", "/cost"),
        ("GET", "/lineage"),
    ],
)
def test_an_id_of_the_wrong_form_is_422_on_every_route(
    publisher: Person, anonymous: httpx.Client, method: str, rest: str, package_id: str
) -> None:
    body = {"name": "a", "version": "1.0.0", "type": "model"} if method in ("PUT", "PATCH") else None
    path = f"/package/{package_id}{rest}"
    answer = publisher.client.request(method, path, json=body)
    assert answer.status_code == 422
    if method != "HEAD":
        problem(answer, 422, slug="validation")
        assert answer.json()["errors"][0]["pointer"] == "/package_id"
    assert anonymous.request(method, path, json=body).status_code == 401


@pytest.mark.parametrize("name", ["x" * 3000, "ä" * 1000, "a b", "a\0b", "", "🤖"])
def test_names_that_no_user_can_have(admin: Person, anonymous: httpx.Client, name: str) -> None:
    answer = anonymous.post("/auth/token", data={"username": name, "password": "correct horse battery"})
    problem(answer, 422 if len(name) > 1024 else 401)
    body = {"user": {"name": name}, "secret": {"password": "correct horse battery"}}
    problem(anonymous.put("/authenticate", json=body), 422 if len(name) > 1024 else 401)
    if name:
        path = "/users/" + "".join(f"%{byte:02x}" for byte in name.encode())
        if len(path) < 8000:
            problem(admin.client.delete(path), 422)
            problem(admin.client.put(f"{path}/permissions", json={"permissions": []}), 422)
        problem(admin.client.get("/packages", params={"owner": name}), 422) if len(name) > 64 else None


MEDIA_TYPES = [
    "application/zip",
    "a/b",
    "text/plain; charset=utf-8",
    'a/b;c="d e"',
    "application/vnd.x+json",
    "!#$%&'*/.^_`|~",
]
BAD_MEDIA_TYPES = [
    "приложение/zip",
    "a/b/c",
    "a",
    "a/",
    "/b",
    "a/b\n",
    "a/b; c",
    "a b/c",
    "a/b\0",
    "a/" + "x" * 130,
    "ａ/b",
]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_media_types_come_back(publisher: Person, media_type: str) -> None:
    answer = publisher.client.post("/package", json=json_package(media_type=media_type))
    assert answer.status_code == 201, answer.text
    content = publisher.client.get(f"/package/{answer.json()['id']}/content?redirect=false")
    assert content.headers["content-type"] == media_type


@pytest.mark.parametrize("media_type", BAD_MEDIA_TYPES, ids=ascii)
def test_what_is_no_media_type_is_422(publisher: Person, media_type: str) -> None:
    invalid(publisher.client.post("/package", json=json_package(media_type=media_type)), "/media_type")
    upload = {"metadata": metadata(), "size": 1, "sha256": "0" * 64, "media_type": media_type}
    invalid(publisher.client.post("/uploads", json=upload), "/media_type")


@pytest.mark.parametrize("media_type", ["приложение/zip", "a", "", "a b/c"])
def test_a_part_that_is_of_no_media_type_is_bytes(publisher: Person, media_type: str) -> None:
    package = publish(publisher.client, b"x", media_type=media_type)
    assert package["content"]["media_type"] == "application/octet-stream"
    assert publisher.client.get(f"/package/{package['id']}/content?redirect=false").content == b"x"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b'filename="file.bin"', b"filename*=klingon''a.bin", 400),
        (b'filename="file.bin"', b"filename*=UTF-8''%e2%82%ac.bin", 201),
        (b'filename="file.bin"', b"filename*=ISO-8859-1''%a3.bin", 201),
        (b"Content-Type: application/json", b"Content-Type: application/json; charset=klingon", 400),
        (b"Content-Type: application/json", b"Content-Type: application/json; charset=utf-8", 201),
        (b'form-data; name="metadata"', b"form-data", 422),
        (b'form-data; name="metadata"', b'attachment; name="metadata"', 400),
        (b"Content-Type: application/json", b"X: " + b"y" * 5000, 413),
        (b"Content-Type: application/json", b"X: y\r\n" * 20 + b"X: y", 413),
        (b"Content-Type: application/json", b"no colon", 400),
    ],
)
def test_heads_of_parts(publisher: Person, old: bytes, new: bytes, status: int) -> None:
    body, headers = multipart(metadata())
    answer = publisher.client.post("/package", content=body.replace(old, new, 1), headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("boundary", ["", '""', "x" * 71, "*=klingon''x"])
def test_boundaries_that_cannot_be_read_are_400(publisher: Person, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary{'' if boundary.startswith('*') else '='}{boundary}"}
    problem(publisher.client.post("/package", content=b"x", headers=headers), 400)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/packages?limit=1e1", 422),
        ("/packages?limit=%31", 200),
        ("/packages?limit=", 422),
        ("/packages?limit=%00", 422),
        ("/packages?limit=１", 422),
        ("/packages?min_net_score=nan", 422),
        ("/packages?name=%00", 200),
        ("/packages?name=%ff&name=b", 200),
        ("/packages?&&=&a", 200),
        ("/packages/", 404),
        ("//packages", 404),
    ],
)
def test_odd_targets(publisher: Person, path: str, status: int) -> None:
    request = publisher.client.build_request("GET", "/")
    request.url = request.url.copy_with(
        raw_path=path.encode("latin-1", "replace") if path.isascii() else b"/packages?limit=%ef%bc%91"
    )
    assert publisher.client.send(request).status_code == status


def test_head_is_answered_wherever_get_is(publisher: Person, package: JsonObject) -> None:
    for path in (
        "/packages",
        f"/package/{package['id']}",
        f"/package/{package['id']}/audit",
        "/health",
        "/docs",
        "/problems",
    ):
        get, found = publisher.client.get(path), publisher.client.head(path)
        assert (found.status_code, found.content) == (get.status_code, b"")
        assert found.headers.get("content-length") == get.headers.get("content-length"), path


def test_a_method_that_a_path_does_not_have(publisher: Person, package: JsonObject) -> None:
    expected: Mapping[str, str] = {
        "/packages": "GET, HEAD",
        "/package": "POST",
        f"/package/{package['id']}": "DELETE, GET, HEAD, PATCH, PUT",
        f"/package/{package['id']}/files/a/b": "GET, HEAD",
        "/package/byRegEx": "POST",
    }
    for path, methods in expected.items():
        for method in ("OPTIONS", "TRACE", "PROPFIND", "LOCK"):
            answer = publisher.client.request(method, path)
            problem(answer, 405)
            assert answer.headers["allow"] == methods, path


def test_a_conflict_without_a_precondition_is_no_412(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    assert (
        send_package(
            publisher.client,
            {**metadata(), "name": package["name"], "type": package["type"]},
            b"y",
            method="PUT",
            path=path,
        ).status_code
        == 200
    )
    problem(publisher.client.patch(path, json={"description": "x"}, headers={"If-Match": '"7"'}), 412)
