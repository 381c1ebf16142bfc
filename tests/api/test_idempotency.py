"""Idempotency-Key on POST /package: the first answer again, whatever happened since."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.api.server import RunningServer
from tests.api.support import (
    JsonObject,
    Person,
    connect,
    invalid,
    json_package,
    listed,
    metadata,
    multipart,
    problem,
    send_package,
    unique,
)


def post_json(person: Person, key: str, body: JsonObject) -> httpx.Response:
    return person.client.post("/package", json=body, headers={"Idempotency-Key": key})


def post_multipart(
    person: Person, key: str, described: JsonObject, content: bytes = b"content", boundary: str = "one"
) -> httpx.Response:
    body, headers = multipart(described, content, boundary=boundary)
    return person.client.post("/package", content=body, headers={**headers, "Idempotency-Key": key})


def same(first: httpx.Response, again: httpx.Response) -> None:
    assert first.status_code == again.status_code == 201, again.text
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]


def test_json_is_answered_the_same_and_stored_once(publisher: Person) -> None:
    key, body = unique("key"), json_package()
    same(post_json(publisher, key, body), post_json(publisher, key, body))
    assert len(listed(publisher.client, name=body["name"])) == 1


def test_multipart_is_the_same_body_whatever_its_boundary(publisher: Person) -> None:
    key, described = unique("key"), metadata()
    first = post_multipart(publisher, key, described, boundary="one")
    same(first, post_multipart(publisher, key, described, boundary="another-boundary"))
    assert len(listed(publisher.client, name=described["name"])) == 1


def test_without_a_key_the_second_is_a_conflict(publisher: Person) -> None:
    body = json_package()
    assert publisher.client.post("/package", json=body).status_code == 201
    problem(publisher.client.post("/package", json=body), 409, slug="package-exists")


def test_first_answer_is_given_after_a_change_and_after_a_delete(publisher: Person) -> None:
    key, body = unique("key"), json_package()
    first = post_json(publisher, key, body)
    path = f"/package/{first.json()['id']}"
    assert publisher.client.patch(path, json={"description": "changed"}).status_code == 200
    same(first, post_json(publisher, key, body))
    assert publisher.client.delete(path).status_code == 204
    same(first, post_json(publisher, key, body))
    problem(publisher.client.get(path), 404)
    assert listed(publisher.client, name=body["name"]) == []


def test_another_body_is_422(publisher: Person) -> None:
    key, body = unique("key"), json_package()
    assert post_json(publisher, key, body).status_code == 201
    other = json_package()
    problem(post_json(publisher, key, other), 422)
    problem(post_json(publisher, key, {**body, "description": "more"}), 422)
    assert listed(publisher.client, name=other["name"]) == []


def test_other_bytes_or_other_metadata_in_multipart_are_422(publisher: Person) -> None:
    key, described = unique("key"), metadata()
    assert post_multipart(publisher, key, described).status_code == 201
    problem(post_multipart(publisher, key, described, b"other bytes"), 422)
    problem(post_multipart(publisher, key, {**described, "description": "more"}), 422)
    assert len(listed(publisher.client, name=described["name"])) == 1


def test_key_reuse_is_a_kind_of_its_own(publisher: Person) -> None:
    key = unique("key")
    assert post_json(publisher, key, json_package()).status_code == 201
    reuse = problem(post_json(publisher, key, json_package()), 422)
    assert reuse["type"] != invalid(publisher.client.post("/package", json={}))["type"]


def test_keys_belong_to_their_user(publisher: Person, stranger: Person) -> None:
    key, body, other = unique("key"), json_package(), json_package()
    first = post_json(publisher, key, body)
    second = post_json(stranger, key, other)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["created_by"] == stranger.name
    problem(post_json(stranger, unique("key"), body), 409, slug="package-exists")


def test_refused_request_does_not_use_up_its_key(publisher: Person) -> None:
    key = unique("key")
    invalid(post_json(publisher, key, {**json_package(), "version": "nonsense"}))
    body = json_package()
    first = post_json(publisher, key, body)
    same(first, post_json(publisher, key, body))


def test_requests_at_the_same_time_get_one_answer(server: RunningServer, publisher: Person) -> None:
    key, described = unique("key"), metadata()
    body, headers = multipart(described, b"x" * 100_000)
    headers = {**headers, "Idempotency-Key": key}

    def post(_: int) -> httpx.Response:
        with connect(server.url, publisher.token) as client:
            return client.post("/package", content=body, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(listed(publisher.client, name=described["name"])) == 1


def test_key_does_not_open_anything_to_those_without_permission(publisher: Person, only: dict[str, Person]) -> None:
    key = unique("key")
    described = metadata()
    assert post_multipart(publisher, key, described).status_code == 201
    answer = send_package(only["search"].client, described, headers={"Idempotency-Key": key})
    problem(answer, 403)
