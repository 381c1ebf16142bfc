"""Status: who may set which, and what a status hides or stops."""

import pytest

from tests.api.support import JsonObject, Person, fetch, ids, listed, metadata, problem, publish, unique


def set_status(person: Person, package: JsonObject, status: str) -> int:
    return person.client.patch(f"/package/{package['id']}", json={"status": status}).status_code


@pytest.fixture
def quarantined(admin: Person, package: JsonObject) -> JsonObject:
    assert set_status(admin, package, "quarantined") == 200
    return package


def test_new_package_is_active(package: JsonObject) -> None:
    assert package["status"] == "active"


def test_owner_deprecates_and_brings_back(publisher: Person, package: JsonObject) -> None:
    for status in ("deprecated", "active"):
        answer = publisher.client.patch(f"/package/{package['id']}", json={"status": status})
        assert answer.status_code == 200
        assert answer.json()["status"] == status


def test_deprecated_is_downloadable_and_listed_as_such(
    publisher: Person, stranger: Person, package: JsonObject
) -> None:
    set_status(publisher, package, "deprecated")
    assert stranger.client.get(package["content"]["url"], follow_redirects=True).content == b"content"
    assert listed(stranger.client, name=package["name"]) == [], "the default is status=active"
    assert ids(listed(stranger.client, name=package["name"], status="deprecated")) == [package["id"]]


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_nobody_sets_what_ingest_sets(admin: Person, publisher: Person, package: JsonObject, status: str) -> None:
    for person in (publisher, admin):
        problem(person.client.patch(f"/package/{package['id']}", json={"status": status}), 403, 422)
    assert fetch(publisher.client, package)["status"] == "active"


@pytest.mark.parametrize("status", ["", "gone", "ACTIVE", 1, ["active"], {"a": 1}])
def test_unknown_status_is_422(publisher: Person, package: JsonObject, status: object) -> None:
    problem(publisher.client.patch(f"/package/{package['id']}", json={"status": status}), 422)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_owner_may_not_quarantine(publisher: Person, package: JsonObject, method: str) -> None:
    body = {"status": "quarantined"} if method == "PATCH" else metadata(name=package["name"], status="quarantined")
    problem(publisher.client.request(method, f"/package/{package['id']}", json=body), 403)
    assert fetch(publisher.client, package)["status"] == "active"


def test_quarantined_content_is_409_for_everyone(
    admin: Person, publisher: Person, stranger: Person, quarantined: JsonObject
) -> None:
    for person in (admin, publisher):
        problem(person.client.get(quarantined["content"]["url"]), 409)
    problem(stranger.client.get(quarantined["content"]["url"]), 404, 409)
    assert publisher.client.head(quarantined["content"]["url"]).status_code == 409


def test_quarantined_is_listed_to_owner_and_admins_only(
    admin: Person, publisher: Person, stranger: Person, quarantined: JsonObject
) -> None:
    for person, expected in ((admin, [quarantined["id"]]), (publisher, [quarantined["id"]]), (stranger, [])):
        assert ids(listed(person.client, name=quarantined["name"], status="quarantined")) == expected
        assert listed(person.client, name=quarantined["name"]) == []


def test_pages_are_filled_past_what_is_hidden(admin: Person, publisher: Person, stranger: Person) -> None:
    tag = unique("hidden")
    own = publish(stranger.client, tags=[tag])
    others = [publish(publisher.client, tags=[tag]) for _ in range(5)]
    last = publish(stranger.client, tags=[tag])
    for package in (own, *others, last):
        set_status(admin, package, "quarantined")
    found = listed(stranger.client, tag=tag, status="quarantined", limit=1)
    assert ids(found) == [last["id"], own["id"]]


@pytest.mark.parametrize("status", ["active", "deprecated"])
def test_only_admins_lift_quarantine(admin: Person, publisher: Person, quarantined: JsonObject, status: str) -> None:
    path = f"/package/{quarantined['id']}"
    problem(publisher.client.patch(path, json={"status": status}), 403)
    problem(publisher.client.put(path, json=metadata(name=quarantined["name"], status=status)), 403)
    assert fetch(admin.client, quarantined)["status"] == "quarantined"
    assert set_status(admin, quarantined, status) == 200
    assert publisher.client.get(quarantined["content"]["url"], follow_redirects=True).content == b"content"


def test_put_without_status_leaves_it(admin: Person, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    for person, status in ((publisher, "deprecated"), (admin, "quarantined")):
        assert set_status(person, package, status) == 200
        answer = publisher.client.put(path, json=metadata(name=package["name"]))
        assert answer.status_code == 200
        assert answer.json()["status"] == status
