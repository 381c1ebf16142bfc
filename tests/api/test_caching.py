"""Cache-Control and Vary on every response; entity tags and conditional requests on what is read."""

import hashlib

import httpx
import pytest

from tests.api.raw_http import all_answers, head
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, problem, publish, unique

VARY = "Authorization, X-Authorization"
PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=60"


def paths_to_read(package: JsonObject) -> list[str]:
    below = ["", "?include=rating", "/audit", "/cost", "/lineage", "/content?redirect=false"]
    return ["/packages", "/packages?include=rating", *(f"/package/{package['id']}{rest}" for rest in below)]


def test_what_needs_a_token_is_private_and_has_a_tag(publisher: Person, package: JsonObject) -> None:
    for path in paths_to_read(package):
        for method in ("GET", "HEAD"):
            answer = publisher.client.request(method, path)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "private, no-cache", path
            assert answer.headers["vary"] == VARY, path
            assert answer.headers["etag"].startswith('"'), path
        unchanged = publisher.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b""), path
        for name in ("cache-control", "vary", "etag"):
            assert unchanged.headers[name] == answer.headers[name], path
        assert "content-length" not in unchanged.headers


def test_a_tag_of_a_listing_changes_with_it(publisher: Person) -> None:
    name = unique()
    path = f"/packages?name={name}"
    seen = [publisher.client.get(path).headers["etag"]]

    def changed(path: str) -> None:
        after = publisher.client.get(path, headers={"If-None-Match": ", ".join(seen)})
        assert after.status_code == 200
        assert after.headers["etag"] not in seen
        seen.append(after.headers["etag"])

    first = publish(publisher.client, name=name)
    changed(path)
    publish(publisher.client, name=name, version="2.0.0")
    changed(path)
    changed(f"{path}&limit=1")
    publisher.client.patch(f"/package/{first['id']}", json={"description": "another"}).raise_for_status()
    changed(path)
    changed(f"{path}&order=created")
    publisher.client.delete(f"/package/{first['id']}").raise_for_status()
    changed(path)


def test_changes_are_private_too(publisher: Person) -> None:
    package = publish(publisher.client)
    answer = publisher.client.patch(f"/package/{package['id']}", json={"description": "x"})
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == VARY
    assert publisher.client.delete(f"/package/{package['id']}").headers["cache-control"] == "private, no-cache"


def test_problems_are_not_kept(publisher: Person, anonymous: httpx.Client) -> None:
    for answer in (
        publisher.client.get("/package/absent"),
        publisher.client.get("/packages?limit=x"),
        publisher.client.put("/packages"),
        anonymous.get("/packages"),
        anonymous.get("/nowhere"),
        anonymous.post("/auth/token", data={"username": "nobody", "password": "wrong"}),
    ):
        problem(answer, 401, 404, 405, 422)
        assert answer.headers["cache-control"] == "no-store"
    assert anonymous.get("/packages").headers["vary"] == VARY
    assert "vary" not in anonymous.get("/nowhere").headers


def test_secrets_are_not_kept(publisher: Person, anonymous: httpx.Client) -> None:
    form = {"username": publisher.name, "password": publisher.password}
    answer = anonymous.post("/auth/token", data=form)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    body = {"user": {"name": publisher.name}, "secret": {"password": publisher.password}}
    assert anonymous.put("/authenticate", json=body).headers["cache-control"] == "no-store"


def test_what_needs_no_token(anonymous: httpx.Client) -> None:
    for path in ("/docs", "/redoc", "/docs/assets/swagger-ui.css", "/problems", "/problems/validation"):
        answer = anonymous.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, PUBLIC), path
        assert "vary" not in answer.headers
    for path in ("/health", "/health/ready", "/metrics", "/openapi.json"):
        assert anonymous.get(path).headers["cache-control"] == "no-store", path


def test_all_lines_of_if_none_match_count(server: RunningServer, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    token = f"Authorization: Bearer {publisher.token}"
    tag = publisher.client.get(path).headers["etag"]
    data = head("GET", path, token, 'If-None-Match: "other"', f'If-None-Match: "third", W/{tag}', "Connection: close")
    assert [answer.status for answer in all_answers(server.url, data)] == [304]


@pytest.mark.parametrize("rest", ["/content?redirect=false", "/content"])
def test_if_match_on_content(server: RunningServer, publisher: Person, package: JsonObject, rest: str) -> None:
    path = f"/package/{package['id']}{rest}"
    tag = f'"{package["content"]["sha256"]}"'
    read = publisher.client.get
    for good in (tag, "*", f'"other", {tag}'):
        assert read(path, headers={"If-Match": good}).status_code in (200, 307)
    for bad in ('"other"', f"W/{tag}", "nonsense", '"' + hashlib.sha256(b"").hexdigest() + '"'):
        problem(read(path, headers={"If-Match": bad}), 412, slug="stale-revision")
        problem(read(path, headers={"If-Match": bad, "If-None-Match": tag, "Range": "bytes=0-0"}), 412)
    assert read(path, headers={"If-Match": tag, "If-None-Match": tag}).status_code == 304
    assert publisher.client.head(path, headers={"If-Match": '"other"'}).status_code == 412
