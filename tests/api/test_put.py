"""PUT /package/{id}: replaces metadata, or metadata and content."""

import pytest

from tests.api.support import (
    TIMESTAMP,
    JsonObject,
    Person,
    download,
    fetch,
    invalid,
    listed,
    metadata,
    problem,
    publish,
    send_package,
    sha256_hex,
    unique,
)

EXTRAS: JsonObject = {
    "description": "described",
    "license": "MIT",
    "tags": ["a", "b"],
    "source_url": "https://example.org/model",
    "dependencies": [{"relation": "base_model", "name": "base", "version": None, "id": None}],
}


@pytest.fixture
def full(publisher: Person) -> JsonObject:
    return publish(publisher.client, readme="# Full", **EXTRAS)


def put(person: Person, package: JsonObject, **members: object) -> JsonObject:
    body = metadata(name=package["name"], **members)
    answer = person.client.put(f"/package/{package['id']}", json=body)
    assert answer.status_code == 200, answer.text
    changed: JsonObject = answer.json()
    return changed


def test_answer_is_the_package_with_the_next_revision(publisher: Person, package: JsonObject) -> None:
    changed = put(publisher, package, **EXTRAS, version="1.1.0")
    assert changed["revision"] == 2
    assert changed["version"] == "1.1.0"
    assert {key: changed[key] for key in EXTRAS} == EXTRAS
    for kept in ("id", "name", "type", "created_by", "created_at", "content", "status"):
        assert changed[kept] == package[kept], kept
    assert TIMESTAMP.fullmatch(changed["updated_at"])
    assert changed["updated_at"] >= package["updated_at"]
    assert changed.items() <= fetch(publisher.client, package).items()


def test_absent_optional_fields_take_their_defaults(publisher: Person, full: JsonObject) -> None:
    changed = put(publisher, full)
    assert (changed["description"], changed["license"], changed["tags"]) == ("", None, [])
    assert (changed["source_url"], changed["dependencies"]) == (None, [])
    assert fetch(publisher.client, full)["readme"] is None


def test_content_stays_when_only_metadata_is_put(publisher: Person, full: JsonObject) -> None:
    assert put(publisher, full)["content"] == full["content"]
    assert download(publisher.client, full).content == b"content"


def test_id_may_be_repeated(publisher: Person, package: JsonObject) -> None:
    assert put(publisher, package, id=package["id"])["id"] == package["id"]


@pytest.mark.parametrize(
    ("member", "value"), [("name", "another"), ("type", "code"), ("id", "0193e5a1-0000-7000-8000-000000000000")]
)
def test_what_must_match_is_422(publisher: Person, package: JsonObject, member: str, value: str) -> None:
    body = {**metadata(name=package["name"]), member: value}
    path = f"/package/{package['id']}"
    invalid(publisher.client.put(path, json=body), f"/{member}")
    invalid(send_package(publisher.client, body, b"new", method="PUT", path=path), f"/{member}")
    assert fetch(publisher.client, package)["revision"] == 1
    assert download(publisher.client, package).content == b"content"


@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_required_members_are_required(publisher: Person, package: JsonObject, member: str) -> None:
    body = metadata(name=package["name"])
    del body[member]
    invalid(publisher.client.put(f"/package/{package['id']}", json=body), f"/{member}")


def test_taken_version_is_409_and_nothing_changes(publisher: Person, package: JsonObject) -> None:
    other = publish(publisher.client, name=package["name"], version="2.0.0")
    path, described = f"/package/{package['id']}", metadata(name=package["name"], version="2.0.0")
    for answer in (
        publisher.client.put(path, json=described),
        send_package(publisher.client, described, b"new", method="PUT", path=path),
        publisher.client.patch(path, json={"version": "2.0.0"}),
    ):
        document = problem(answer, 409, slug="package-exists")
        assert other["id"] in document.values() or other["id"] in document["detail"]
    assert fetch(publisher.client, package)["version"] == "1.0.0"
    assert download(publisher.client, package).content == b"content"


def test_left_version_is_free_again(publisher: Person, package: JsonObject) -> None:
    put(publisher, package, version="2.0.0")
    assert publish(publisher.client, name=package["name"], version="1.0.0")["id"] != package["id"]


def test_multipart_replaces_content_too(publisher: Person, full: JsonObject) -> None:
    path, described = f"/package/{full['id']}", metadata(name=full["name"], description="new")
    answer = send_package(publisher.client, described, b"new bytes", method="PUT", path=path, filename="new.bin")
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["revision"], changed["description"], changed["license"]) == (2, "new", None)
    assert changed["content"]["sha256"] == sha256_hex(b"new bytes")
    assert (changed["content"]["size"], changed["content"]["filename"]) == (9, "new.bin")
    got = download(publisher.client, full)
    assert got.content == b"new bytes"
    assert got.headers["content-length"] == "9"


def test_unknown_package_is_404(publisher: Person) -> None:
    path = f"/package/{unique('none')}"
    problem(publisher.client.put(path, json=metadata()), 404)
    problem(send_package(publisher.client, metadata(), method="PUT", path=path), 404)


def test_put_creates_nothing(publisher: Person) -> None:
    described = metadata()
    problem(publisher.client.put(f"/package/{unique('none')}", json=described), 404)
    assert listed(publisher.client, name=described["name"]) == []
