"""Uploads in parts: any order, replaced parts, resume, completion, ownership."""

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.server import RunningServer
from tests.api.support import (
    TIMESTAMP,
    Person,
    connect,
    download,
    invalid,
    listed,
    metadata,
    problem,
    publish,
    unique,
)
from tests.api.uploads import PART_BYTES, begin, complete, cut, opened, send, send_all, sha256_of, some_bytes, state

DATA = some_bytes(5 * PART_BYTES + 123)


def test_whole_way(people: Mapping[str, Person]) -> None:
    owner, described = people["owner"], metadata(description="in parts", tags=["large"])
    answer = begin(owner, DATA, metadata=described, filename="weights.bin")
    upload = answer.json()
    assert answer.status_code == 201
    assert upload.keys() == {"id", "part_size", "parts", "expires_at"}
    assert answer.headers["location"] == f"/uploads/{upload['id']}"
    assert upload["part_size"] == PART_BYTES
    assert [part["number"] for part in upload["parts"]] == [1, 2, 3, 4, 5, 6]
    assert TIMESTAMP.fullmatch(upload["expires_at"])
    for part in upload["parts"]:
        sent = owner.client.put(part["url"], content=cut(upload, DATA)[part["number"]])
        assert sent.status_code == 204
        assert sent.headers["etag"].startswith('"')
    done = complete(owner, upload)
    assert done.status_code == 201, done.text
    package = done.json()
    assert done.headers["location"] == f"/package/{package['id']}"
    assert done.headers["etag"] == '"1"'
    assert package["content"] | {"url": ""} == {
        "size": len(DATA),
        "sha256": sha256_of(DATA),
        "media_type": "application/octet-stream",
        "filename": "weights.bin",
        "url": "",
    }
    assert {member: package[member] for member in described} == described
    assert package["created_by"] == owner.name
    assert download(owner.client, package).content == DATA
    assert listed(owner.client, name=described["name"]) != []
    actions = owner.client.get(f"/package/{package['id']}/audit").json()["items"]
    assert "create" in {entry["action"] for entry in actions}


def test_parts_in_any_order_and_side_by_side(people: Mapping[str, Person], part_server: RunningServer) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    parts = list(cut(upload, DATA).items())
    random.Random(7).shuffle(parts)  # noqa: S311 (test data)

    def put(part: tuple[int, bytes]) -> int:
        with connect(part_server.url, owner.token) as client:
            return client.put(f"/uploads/{upload['id']}/parts/{part[0]}", content=part[1]).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(put, parts)) == {204}
    package = complete(owner, upload).json()
    assert download(owner.client, package).content == DATA


def test_listing_tells_what_is_there_and_what_is_not(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    parts = cut(upload, DATA)
    etags = {number: send(owner, upload, number, parts[number]).headers["etag"].strip('"') for number in (6, 2)}
    found = state(owner, upload)
    assert found["size"] == len(DATA)
    assert found["part_size"] == PART_BYTES
    assert found["parts"] == [
        {"number": 2, "size": PART_BYTES, "etag": etags[2]},
        {"number": 6, "size": 123, "etag": etags[6]},
    ]
    assert [part["number"] for part in found["missing"]] == [1, 3, 4, 5]
    for part in found["missing"]:
        assert owner.client.put(part["url"], content=parts[part["number"]]).status_code == 204
    assert complete(owner, upload).status_code == 201


def test_part_sent_again_replaces(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    first = send(owner, upload, 1, b"x" * PART_BYTES)
    send_all(owner, upload, DATA)
    assert state(owner, upload)["parts"][0]["etag"] != first.headers["etag"].strip('"')
    assert complete(owner, upload).status_code == 201


def test_missing_parts_are_named_and_the_upload_stays_open(people: Mapping[str, Person]) -> None:
    owner, described = people["owner"], metadata()
    upload = opened(owner, DATA, metadata=described)
    parts = cut(upload, DATA)
    for number in (1, 2, 4):
        send(owner, upload, number, parts[number])
    refusal = problem(complete(owner, upload), 422, slug="upload-incomplete")
    assert refusal["missing_parts"] == [3, 5, 6]
    assert listed(owner.client, name=described["name"]) == []
    send_all(owner, upload, DATA)
    assert complete(owner, upload).status_code == 201


def test_wrong_digest_is_422_and_the_upload_stays_open(people: Mapping[str, Person]) -> None:
    owner, described = people["owner"], metadata()
    upload = opened(owner, DATA, metadata=described)
    send_all(owner, upload, DATA)
    send(owner, upload, 2, b"x" * PART_BYTES)
    problem(complete(owner, upload), 422, slug="digest-mismatch")
    assert listed(owner.client, name=described["name"]) == []
    assert send(owner, upload, 2, cut(upload, DATA)[2]).status_code == 204
    assert complete(owner, upload).status_code == 201


def test_completed_again_is_the_same_answer(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    send_all(owner, upload, DATA)
    first, again = complete(owner, upload), complete(owner, upload)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.headers["location"] == again.headers["location"]
    problem(owner.client.get(f"/uploads/{upload['id']}"), 404)
    problem(send(owner, upload, 1, cut(upload, DATA)[1]), 404)


def test_completing_at_once_makes_one_package(people: Mapping[str, Person], part_server: RunningServer) -> None:
    owner, described = people["owner"], metadata()
    upload = opened(owner, DATA, metadata=described)
    send_all(owner, upload, DATA)

    def finish(_: int) -> str:
        with connect(part_server.url, owner.token) as client:
            answer = client.post(f"/uploads/{upload['id']}/complete")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(finish, range(6)))) == 1
    assert len(listed(owner.client, name=described["name"])) == 1


@pytest.mark.parametrize("size", [PART_BYTES - 1, PART_BYTES + 1, 0])
def test_part_of_another_length_is_422(people: Mapping[str, Person], size: int) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    invalid(send(owner, upload, 1, b"x" * size), "/Content-Length")
    assert state(owner, upload)["parts"] == []


def test_part_of_unknown_length_is_counted(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    path = f"/uploads/{upload['id']}/parts/1"
    for size in (PART_BYTES - 1, PART_BYTES + 1):
        problem(owner.client.put(path, content=iter([b"x" * size])), 422, slug="digest-mismatch")
    assert state(owner, upload)["parts"] == []
    assert owner.client.put(path, content=iter([cut(upload, DATA)[1]])).status_code == 204


def test_part_with_another_digest_is_422(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    wrong = "sha-256=:" + "A" * 43 + "=:"
    problem(send(owner, upload, 1, cut(upload, DATA)[1], Content_Digest=wrong), 422, slug="digest-mismatch")
    assert state(owner, upload)["parts"] == []


@pytest.mark.parametrize("number", ["7", "9999"])
def test_part_beyond_the_last_is_404(people: Mapping[str, Person], number: str) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    problem(owner.client.put(f"/uploads/{upload['id']}/parts/{number}", content=b"x"), 404)


@pytest.mark.parametrize("number", ["0", "-1", "10001", "one"])
def test_part_with_an_odd_number_is_422(people: Mapping[str, Person], number: str) -> None:
    owner = people["owner"]
    upload = opened(owner, DATA)
    invalid(owner.client.put(f"/uploads/{upload['id']}/parts/{number}", content=b"x"), "/number")


def test_others_do_not_see_it(people: Mapping[str, Person], part_admin: Person) -> None:
    owner, stranger, reader = people["owner"], people["stranger"], people["reader"]
    upload = opened(owner, DATA)
    path = f"/uploads/{upload['id']}"
    part = cut(upload, DATA)[1]
    for person, status in ((stranger, 404), (reader, 403)):
        problem(person.client.get(path), status)
        problem(person.client.put(f"{path}/parts/1", content=part), status)
        problem(person.client.post(f"{path}/complete"), status)
        problem(person.client.delete(path), status)
    problem(begin(reader, DATA), 403)
    assert part_admin.client.get(path).status_code == 200
    send_all(part_admin, upload, DATA)
    package = complete(part_admin, upload).json()
    assert package["created_by"] == owner.name


def test_delete_drops_it(people: Mapping[str, Person], part_server: RunningServer) -> None:
    owner = people["owner"]
    before = part_server.blob_files()
    upload = opened(owner, DATA)
    send_all(owner, upload, DATA)
    assert owner.client.delete(f"/uploads/{upload['id']}").status_code == 204
    problem(owner.client.delete(f"/uploads/{upload['id']}"), 404)
    problem(complete(owner, upload), 404)
    assert part_server.blob_files() == before


def test_only_the_blob_stays_of_a_completed_upload(people: Mapping[str, Person], part_server: RunningServer) -> None:
    owner = people["owner"]
    before = set(part_server.blob_files())
    upload = opened(owner, DATA)
    send_all(owner, upload, DATA)
    package = complete(owner, upload).json()
    (blob,) = set(part_server.blob_files()) - before
    assert blob.read_bytes() == DATA
    assert owner.client.delete(f"/package/{package['id']}").status_code == 204
    assert set(part_server.blob_files()) == before


def test_taken_version_is_told_before_a_byte_is_sent(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    package = publish(owner.client)
    described = {member: package[member] for member in ("name", "version", "type")}
    refusal = problem(begin(owner, DATA, metadata=described), 409, slug="package-exists")
    assert refusal["existing_id"] == package["id"]


def test_version_that_is_taken_meanwhile_leaves_the_upload_open(people: Mapping[str, Person]) -> None:
    owner, described = people["owner"], metadata()
    upload = opened(owner, DATA, metadata=described)
    send_all(owner, upload, DATA)
    package = publish(owner.client, DATA, **described)  # other bytes would retire the version
    problem(complete(owner, upload), 409, slug="package-exists")
    assert owner.client.delete(f"/package/{package['id']}").status_code == 204
    done = complete(owner, upload)
    assert done.status_code == 201, done.text
    assert download(owner.client, done.json()).content == DATA


def test_idempotency_key_gives_the_first_answer(people: Mapping[str, Person]) -> None:
    owner, described, key = people["owner"], metadata(), {"Idempotency-Key": unique("key")}
    first = begin(owner, DATA, key, metadata=described)
    again = begin(owner, DATA, key, metadata=described)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    problem(begin(owner, DATA, key, metadata=metadata()), 422, slug="idempotency-key-reused")
    problem(begin(owner, DATA[1:], key, metadata=described), 422, slug="idempotency-key-reused")


def test_idempotency_key_of_an_upload_that_has_ended_asks_for_no_parts(people: Mapping[str, Person]) -> None:
    owner, described, key = people["owner"], metadata(), {"Idempotency-Key": unique("key")}
    first = begin(owner, DATA, key, metadata=described)
    send_all(owner, first.json(), DATA)
    assert complete(owner, first.json()).status_code == 201
    again = begin(owner, DATA, key, metadata=described)
    assert again.status_code == 201
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == first.json() | {"parts": []}


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"size": 0}, "/size"),
        ({"size": -1}, "/size"),
        ({"size": 6 * 1024**4}, "/size"),
        ({"size": "10"}, "/size"),
        ({"size": 1.5}, "/size"),
        ({"sha256": "abc"}, "/sha256"),
        ({"metadata": {"name": "x"}}, "/metadata/version"),
        ({"metadata": None}, "/metadata"),
        ({"media_type": "nonsense"}, "/media_type"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_odd_beginnings_are_422(people: Mapping[str, Person], members: dict[str, Any], pointer: str) -> None:
    invalid(begin(people["owner"], DATA, **members), pointer)


def test_two_digests_that_differ_are_422(people: Mapping[str, Person]) -> None:
    invalid(begin(people["owner"], DATA, metadata=metadata(sha256="ab" * 32)))


def test_unknown_upload_is_404(people: Mapping[str, Person]) -> None:
    owner = people["owner"]
    for path in ("/uploads/nothing", "/uploads/nothing/parts/1", "/uploads/nothing/complete"):
        method = {"1": "PUT", "complete": "POST"}.get(path.rpartition("/")[2], "GET")
        problem(owner.client.request(method, path), 404)
