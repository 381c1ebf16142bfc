"""Digests that a client announces (RFC 9530, metadata.sha256): right ones pass, wrong ones store nothing."""

import base64
import hashlib

import httpx
import pytest

from tests.api.support import (
    Person,
    digest_field,
    download,
    invalid,
    json_package,
    listed,
    metadata,
    multipart,
    problem,
    publish,
    send_package,
    sha256_hex,
    unique,
)

WRONG = digest_field(b"something else")
FIELDS = ["Content-Digest", "Repr-Digest"]


def send(person: Person, name: str, field: str, value: str) -> httpx.Response:
    body, headers = multipart(metadata(name=name), b"the file")
    value = value.replace("RIGHT", digest_field(body)).replace("FILE", digest_field(b"the file"))
    return person.client.post("/package", content=body, headers={**headers, field: value})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value", ["RIGHT", "RIGHT, unixsum=:AAAA:", "unixcksum=:AAAA:, RIGHT", "RIGHT , unixsum=:AAAA:", "RIGHT;a=1"]
)
def test_right_digest_of_the_whole_body_passes(publisher: Person, field: str, value: str) -> None:
    answer = send(publisher, unique(), field, value)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [WRONG, f"{WRONG}, unixsum=:AAAA:", "FILE", "sha-256=::", "sha-256=:AAAA:"])
def test_wrong_digest_is_422_and_nothing_is_stored(publisher: Person, field: str, value: str) -> None:
    name = unique()
    problem(send(publisher, name, field, value), 422)
    assert listed(publisher.client, name=name) == []
    assert send_package(publisher.client, metadata(name=name)).status_code == 201


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value", ["sha-256=abc", "sha-256=:%%%:", "sha-256", 'sha-256="abc"', "sha-256=:AAA", "sha-256=1"]
)
def test_malformed_digest_is_refused_and_nothing_is_stored(publisher: Person, field: str, value: str) -> None:
    name = unique()
    problem(send(publisher, name, field, value), 400, 422)
    assert listed(publisher.client, name=name) == []


@pytest.mark.parametrize("field", FIELDS)
def test_digest_of_a_json_body(publisher: Person, field: str) -> None:
    for right in (True, False):
        body = httpx.Request("POST", "http://x", json=json_package()).read()
        headers = {"Content-Type": "application/json", field: digest_field(body) if right else WRONG}
        answer = publisher.client.post("/package", content=body, headers=headers)
        if right:
            assert answer.status_code == 201, answer.text
        else:
            problem(answer, 422)


def test_sha256_of_the_file_passes(publisher: Person) -> None:
    content = b"the file"
    assert publish(publisher.client, content, sha256=sha256_hex(content))["content"]["sha256"] == sha256_hex(content)
    answer = publisher.client.post("/package", json=json_package(content, sha256=sha256_hex(content)))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("form", ["multipart", "json"])
def test_wrong_sha256_is_422_and_nothing_is_stored(publisher: Person, form: str) -> None:
    described = metadata(sha256=sha256_hex(b"other"))
    if form == "multipart":
        answer = send_package(publisher.client, described)
    else:
        answer = publisher.client.post("/package", json={**described, "content_base64": "AAAA"})
    problem(answer, 422)
    assert listed(publisher.client, name=described["name"]) == []
    del described["sha256"]
    assert send_package(publisher.client, described).status_code == 201


@pytest.mark.parametrize("value", ["", "abc", "g" * 64, "a" * 63, "a" * 65, 5, "sha256:" + "a" * 64])
def test_sha256_of_the_wrong_form_is_422(publisher: Person, value: object) -> None:
    invalid(publisher.client.post("/package", json=json_package(sha256=value)), "/sha256")


def test_sha256_is_part_of_no_answer_but_content(publisher: Person) -> None:
    assert "sha256" not in publish(publisher.client, b"abc", sha256=sha256_hex(b"abc"))


def test_wrong_digest_on_replacing_leaves_the_old_content(publisher: Person) -> None:
    package = publish(publisher.client, b"old")
    path = f"/package/{package['id']}"
    described = metadata(name=package["name"], sha256=sha256_hex(b"other"))
    problem(send_package(publisher.client, described, b"new", method="PUT", path=path), 422)
    del described["sha256"]
    answer = send_package(
        publisher.client, described, b"new", method="PUT", path=path, headers={"Content-Digest": WRONG}
    )
    problem(answer, 422)
    assert download(publisher.client, package).content == b"old"


def test_download_carries_the_digest_of_the_file(publisher: Person) -> None:
    content = b"0123456789"
    package = publish(publisher.client, content)
    expected = "sha-256=:" + base64.b64encode(hashlib.sha256(content).digest()).decode() + ":"
    whole = download(publisher.client, package)
    part = download(publisher.client, package, Range="bytes=2-3")
    assert expected in whole.headers["repr-digest"]
    assert part.status_code == 206
    assert expected in part.headers["repr-digest"], "of the whole representation, also on a part of it"
