"""DELETE /package/{id}: 404 everywhere from then on."""

import pytest

from tests.api.support import JsonObject, Person, ids, listed, metadata, problem, publish, send_package, unique


@pytest.fixture
def deleted(publisher: Person, package: JsonObject) -> JsonObject:
    answer = publisher.client.delete(f"/package/{package['id']}")
    assert answer.status_code == 204
    assert answer.content == b""
    return package


@pytest.mark.parametrize("rest", ["", "/content", "/audit", "/lineage", "/cost", "?include=rating"])
def test_reads_are_404(admin: Person, publisher: Person, deleted: JsonObject, rest: str) -> None:
    for person in (publisher, admin):
        problem(person.client.get(f"/package/{deleted['id']}{rest}"), 404)


def test_head_is_404(publisher: Person, deleted: JsonObject) -> None:
    assert publisher.client.head(f"/package/{deleted['id']}/content").status_code == 404


def test_conditional_reads_are_404_too(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    tags = {rest: publisher.client.get(path + rest).headers["etag"] for rest in ("", "/content")}
    publisher.client.delete(path)
    for rest, tag in tags.items():
        problem(publisher.client.get(path + rest, headers={"If-None-Match": tag}), 404)


def test_changes_are_404(publisher: Person, deleted: JsonObject) -> None:
    path, described = f"/package/{deleted['id']}", metadata(name=deleted["name"])
    problem(publisher.client.delete(path), 404)
    problem(publisher.client.patch(path, json={"description": "x"}), 404)
    problem(publisher.client.put(path, json=described), 404)
    problem(send_package(publisher.client, described, method="PUT", path=path), 404)


def test_gone_from_listings(publisher: Person, deleted: JsonObject) -> None:
    assert listed(publisher.client, name=deleted["name"]) == []


def test_version_comes_back_with_its_bytes_and_the_id_is_not_reused(publisher: Person, deleted: JsonObject) -> None:
    again = publish(publisher.client, b"content", name=deleted["name"], version=deleted["version"])
    assert again["id"] != deleted["id"]
    assert again["revision"] == 1
    assert ids(listed(publisher.client, name=deleted["name"])) == [again["id"]]
    problem(publisher.client.get(f"/package/{deleted['id']}"), 404)


def test_same_bytes_under_another_package_stay(publisher: Person) -> None:
    content = unique("bytes").encode()
    first, second = publish(publisher.client, content), publish(publisher.client, content)
    publisher.client.delete(f"/package/{first['id']}")
    assert publisher.client.get(f"/package/{second['id']}/content", follow_redirects=True).content == content


def test_unknown_id_is_404(publisher: Person) -> None:
    problem(publisher.client.delete(f"/package/{unique('none')}"), 404)
