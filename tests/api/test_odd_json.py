"""JSON at the edges: numbers beyond a double, deep nesting, surrogates, NUL."""

import httpx
import pytest

from tests.api.support import JsonObject, Person, fetch, multipart, problem, publish, unique
from tests.api.test_problems import JSON_ROUTES, send_raw

HUGE_NUMBERS = ["1e400", "-1e400", "1E+999999999", "9" * 400, "-" + "9" * 5000]
BEYOND_UTF8 = [r'"\ud800"', r'"\udfff\ud800"', r'"a\udc00b"']


def nested(depth: int, left: str = "[", right: str = "]") -> str:
    return left * depth + right * depth


def package_json(member: str, value: str) -> bytes:
    name = unique("pkg")
    return f'{{"name":"{name}","version":"1.0.0","type":"model","content_base64":"AAAA","{member}":{value}}}'.encode()


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize("number", HUGE_NUMBERS, ids=lambda number: number[:12])
def test_number_beyond_a_double_is_422(admin: Person, package: JsonObject, method: str, path: str, number: str) -> None:
    problem(send_raw(admin, method, path, package, f'{{"x": {number}}}'.encode()), 422)


@pytest.mark.parametrize("member", ["description", "tags", "license", "dependencies", "x"])
def test_number_beyond_a_double_in_otherwise_good_metadata_is_422(publisher: Person, member: str) -> None:
    headers = {"Content-Type": "application/json"}
    problem(publisher.client.post("/package", content=package_json(member, "1e400"), headers=headers), 422)
    body, multipart_headers = multipart(package_json(member, "1e400"))
    problem(publisher.client.post("/package", content=body, headers=multipart_headers), 422)


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_depth_over_64_is_422(admin: Person, package: JsonObject, method: str, path: str, depth: int) -> None:
    problem(send_raw(admin, method, path, package, f'{{"x": {nested(depth - 1)}}}'.encode()), 422)
    problem(send_raw(admin, method, path, package, nested(depth, '{"x":', "}").replace('x":}', 'x":1}').encode()), 422)


def test_depth_over_64_in_a_metadata_part_is_422(publisher: Person) -> None:
    body, headers = multipart(package_json("x", nested(64)))
    problem(publisher.client.post("/package", content=body, headers=headers), 422)


@pytest.mark.parametrize("text", BEYOND_UTF8)
@pytest.mark.parametrize("member", ["description", "readme", "license"])
def test_lone_surrogates_are_refused(publisher: Person, member: str, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = publisher.client.post("/package", content=package_json(member, text), headers=headers)
    problem(answer, 400, 422)


def test_surrogate_pairs_are_one_character(publisher: Person) -> None:
    headers = {"Content-Type": "application/json"}
    answer = publisher.client.post("/package", content=package_json("description", r'"\ud83e\udd16"'), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["description"] == "🤖"


@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_nul_in_required_members_is_422(publisher: Person, member: str) -> None:
    value = {"name": "a\0b", "version": "1.0.0\0", "type": "model\0"}[member]
    body = {"name": unique(), "version": "1.0.0", "type": "model", "content_base64": "AAAA", member: value}
    problem(publisher.client.post("/package", json=body), 422)


@pytest.mark.parametrize("member", ["description", "readme", "license", "source_url"])
def test_nul_in_texts_is_kept_or_refused(publisher: Person, member: str) -> None:
    name = unique("pkg")
    body = {"name": name, "version": "1.0.0", "type": "model", "content_base64": "AAAA", member: "a\0b"}
    answer = publisher.client.post("/package", json=body)
    if answer.status_code == httpx.codes.CREATED:
        assert fetch(publisher.client, answer.json())[member] == "a\0b"
    else:
        problem(answer, 422)


def test_odd_parameters_never_crash(publisher: Person) -> None:
    publish(publisher.client)
    for value in ("\0", "🤖", "9" * 5000, "%", "'\"--"):
        for parameter in ("name", "version", "tag", "cursor", "limit", "type", "status", "order"):
            answer = publisher.client.get("/packages", params={parameter: value})
            assert answer.status_code in (200, 422), (parameter, value, answer.text)
