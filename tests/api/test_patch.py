"""PATCH /package/{id}: JSON merge patch (RFC 7396) of the metadata."""

import json

import pytest

from tests.api.support import JsonObject, Person, fetch, invalid, problem, publish, unique

MERGE_PATCH = "application/merge-patch+json"
DEPENDENCY: JsonObject = {"relation": "base_model", "name": "base", "version": "^1.0.0", "id": None}
FULL: JsonObject = {
    "description": "described",
    "license": "MIT",
    "tags": ["a", "b"],
    "source_url": "https://example.org/model",
    "dependencies": [DEPENDENCY],
    "readme": "# Full",
}
CLEARED: JsonObject = {
    "description": "", "license": None, "tags": [], "source_url": None, "dependencies": [], "readme": None,
}  # fmt: skip


@pytest.fixture
def full(publisher: Person) -> JsonObject:
    return publish(publisher.client, **FULL)


def patch(person: Person, package: JsonObject, changes: JsonObject, media_type: str = MERGE_PATCH) -> JsonObject:
    answer = person.client.patch(
        f"/package/{package['id']}", content=json.dumps(changes), headers={"Content-Type": media_type}
    )
    assert answer.status_code == 200, answer.text
    changed: JsonObject = answer.json()
    return changed


@pytest.mark.parametrize("media_type", [MERGE_PATCH, "application/json", f"{MERGE_PATCH}; charset=utf-8"])
def test_both_media_types_are_accepted(publisher: Person, package: JsonObject, media_type: str) -> None:
    assert patch(publisher, package, {"license": "MIT"}, media_type)["license"] == "MIT"


@pytest.mark.parametrize(
    "media_type", ["application/json-patch+json", "text/json", "multipart/form-data; boundary=a", "text/plain"]
)
def test_other_media_types_are_415(publisher: Person, package: JsonObject, media_type: str) -> None:
    path = f"/package/{package['id']}"
    problem(publisher.client.patch(path, content=b"{}", headers={"Content-Type": media_type}), 415)


@pytest.mark.parametrize("member", FULL)
def test_one_member_changes_and_the_rest_stays(publisher: Person, full: JsonObject, member: str) -> None:
    value = {"tags": ["c"], "dependencies": [{**DEPENDENCY, "name": "other"}]}.get(member, "https://example.org/new")
    patch(publisher, full, {member: value})
    found = fetch(publisher.client, full)
    assert found["revision"] == 2
    assert {key: found[key] for key in FULL} == {**FULL, member: value}
    assert found["content"] == full["content"]


@pytest.mark.parametrize("member", FULL)
def test_null_clears(publisher: Person, full: JsonObject, member: str) -> None:
    patch(publisher, full, {member: None})
    found = fetch(publisher.client, full)
    assert {key: found[key] for key in FULL} == {**FULL, member: CLEARED[member]}


@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_required_members_cannot_be_cleared(publisher: Person, package: JsonObject, member: str) -> None:
    invalid(publisher.client.patch(f"/package/{package['id']}", json={member: None}), f"/{member}")


def test_arrays_are_replaced_whole(publisher: Person, full: JsonObject) -> None:
    assert patch(publisher, full, {"tags": ["b", "c"]})["tags"] == ["b", "c"]


@pytest.mark.parametrize(
    "changes", [{}, {"description": "described"}, {"tags": ["a", "b"], "license": "MIT"}, {"status": "active"}, FULL]
)
def test_revision_stays_where_nothing_changes(publisher: Person, full: JsonObject, changes: JsonObject) -> None:
    before = publisher.client.get(f"/package/{full['id']}")
    assert patch(publisher, full, changes)["revision"] == 1
    after = publisher.client.get(f"/package/{full['id']}")
    assert after.json() == before.json()
    assert after.headers["etag"] == before.headers["etag"]


def test_name_and_type_may_be_repeated(publisher: Person, package: JsonObject) -> None:
    changes = {"name": package["name"], "type": package["type"], "description": "new"}
    assert patch(publisher, package, changes)["description"] == "new"


@pytest.mark.parametrize(("member", "value"), [("name", "another"), ("type", "code")])
def test_name_and_type_cannot_change(publisher: Person, package: JsonObject, member: str, value: str) -> None:
    invalid(publisher.client.patch(f"/package/{package['id']}", json={member: value}), f"/{member}")
    assert fetch(publisher.client, package)["revision"] == 1


def test_version_can_change(publisher: Person, package: JsonObject) -> None:
    assert patch(publisher, package, {"version": "v2.0.0"})["version"] == "2.0.0"


@pytest.mark.parametrize(
    ("member", "value"),
    [("description", 5), ("tags", "a"), ("tags", [1]), ("license", []), ("version", "x"), ("dependencies", {"a": 1}),
     ("readme", 1), ("source_url", "not a url")],
)  # fmt: skip
def test_wrong_values_are_422_and_change_nothing(
    publisher: Person, full: JsonObject, member: str, value: object
) -> None:
    body = {"description": "changed as well", member: value}
    invalid(publisher.client.patch(f"/package/{full['id']}", json=body))
    found = fetch(publisher.client, full)
    assert (found["revision"], found["description"]) == (1, "described")


def test_unknown_package_is_404(publisher: Person) -> None:
    problem(publisher.client.patch(f"/package/{unique('none')}", json={"description": "x"}), 404)


def test_what_was_read_can_be_sent_back(publisher: Person, full: JsonObject) -> None:
    path = f"/package/{full['id']}"
    assert publisher.client.get(f"{path}/rate", params={"wait": 30}).status_code == 200
    read = publisher.client.get(path, params={"include": "rating"}).json()
    assert read["rating"] is not None
    assert patch(publisher, full, read)["revision"] == 1
    part = {"content": {"sha256": read["content"]["sha256"]}, "rating": None, "description": "new"}
    assert patch(publisher, full, part)["revision"] == 2


@pytest.mark.parametrize(
    ("member", "value"),
    [("content", None), ("content", {"size": 1}), ("content", "x"), ("revision", 2), ("revision", True),
     ("created_by", "mallory"), ("created_at", "2020-01-01T00:00:00.000Z"), ("updated_at", None),
     ("status_reason", "why not"), ("unreleased", True), ("rating", {"net_score": 1.0}), ("rating", 1)],
)  # fmt: skip
def test_read_only_members_cannot_change(publisher: Person, full: JsonObject, member: str, value: object) -> None:
    body = {"description": "changed as well", member: value}
    invalid(publisher.client.patch(f"/package/{full['id']}", json=body), f"/{member}")
    assert fetch(publisher.client, full)["description"] == "described"
