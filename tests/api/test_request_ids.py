"""X-Request-Id: on every answer, the client's own where it is 1-128 printable ASCII characters."""

import string

import httpx
import pytest

from tests.api.support import JsonObject, Person, problem

GOOD = ["a", "x" * 128, "with space inside", "0193-abc_DEF.~", string.punctuation]
BAD = [b"", b"x" * 129, "caf\u00e9".encode(), b"a\tb", "模型".encode(), b"x" * 5000]


@pytest.mark.parametrize("request_id", GOOD)
def test_good_id_is_echoed(anonymous: httpx.Client, request_id: str) -> None:
    assert anonymous.get("/health", headers={"X-Request-Id": request_id}).headers["x-request-id"] == request_id


@pytest.mark.parametrize("request_id", GOOD)
def test_good_id_stands_in_the_problem(anonymous: httpx.Client, request_id: str) -> None:
    assert problem(anonymous.get("/nope", headers={"X-Request-Id": request_id}), 404, 401)["request_id"] == request_id


@pytest.mark.parametrize("request_id", BAD, ids=[str(number) for number in range(len(BAD))])
def test_bad_id_is_replaced(anonymous: httpx.Client, request_id: bytes) -> None:
    answer = anonymous.get("/health", headers={b"X-Request-Id": request_id})
    given = answer.headers["x-request-id"]
    assert 1 <= len(given) <= 128
    assert given.isascii()
    assert given.encode() != request_id
    assert given.isprintable()


def test_fresh_ids_differ(anonymous: httpx.Client) -> None:
    assert len({anonymous.get("/health").headers["x-request-id"] for _ in range(10)}) == 10


def test_every_kind_of_answer_has_an_id(publisher: Person, anonymous: httpx.Client, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    tag = publisher.client.get(path).headers["etag"]
    answers = {
        200: publisher.client.get("/packages", headers={"X-Request-Id": "mine"}),
        206: publisher.client.get(
            f"{path}/content?redirect=false", headers={"X-Request-Id": "mine", "Range": "bytes=0-0"}
        ),
        304: publisher.client.get(path, headers={"X-Request-Id": "mine", "If-None-Match": tag}),
        401: anonymous.get(path, headers={"X-Request-Id": "mine"}),
        403: publisher.client.get("/users", headers={"X-Request-Id": "mine"}),
        404: publisher.client.get("/nope", headers={"X-Request-Id": "mine"}),
        405: publisher.client.post(path, headers={"X-Request-Id": "mine"}),
        412: publisher.client.delete(path, headers={"X-Request-Id": "mine", "If-Match": '"other"'}),
        416: publisher.client.get(
            f"{path}/content?redirect=false", headers={"X-Request-Id": "mine", "Range": "bytes=999999-"}
        ),
        204: publisher.client.delete(path, headers={"X-Request-Id": "mine"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status, answer.text
        assert answer.headers["x-request-id"] == "mine"
