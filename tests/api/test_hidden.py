"""Drafts and quarantined packages: there for the accounts that own the name now, whoever published them."""

import secrets

import pytest

from tests.api.conftest import UserFactory
from tests.api.pickles import dangerous
from tests.api.searching import wait_until_searchable
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, fetch, ids, listed, log_in, problem, publish, unique


def set_owners(person: Person, name: str, *owners: Person) -> None:
    answer = person.client.put(f"/names/model/{name}/owners", json={"owners": [owner.name for owner in owners]})
    assert answer.status_code == 200, answer.text


def finds(person: Person, package: JsonObject) -> bool:
    """Whether the person finds the package, which is the same in each listing and search."""
    name, status = package["name"], str(package["status"])
    found = [
        package["id"] in ids(listed(person.client, name=name, status=status)),
        package["id"] in ids(listed(person.client, status=status)),
        package["id"] in ids(listed(person.client, status=status, type="model", tag=package["tags"][0])),
        package["id"] in ids(listed(person.client, "/search", q=package["tags"][0], status=status)),
    ]
    assert len(set(found)) == 1, found
    return found[0]


@pytest.fixture(params=["draft", "quarantined"])
def hidden(request: pytest.FixtureRequest, publisher: Person, admin: Person, server: RunningServer) -> JsonObject:
    wait_until_searchable(admin.client)
    word = unique("word").replace("-", "")
    package = publish(
        publisher.client,
        name=unique("space") + "/bert",
        description=f"About {word}",
        tags=[word],
        status="draft" if request.param == "draft" else "active",
    )
    if request.param == "quarantined":
        answer = admin.client.patch(f"/package/{package['id']}", json={"status": "quarantined"})
        assert answer.status_code == 200, answer.text
        package = answer.json()
    return package


def test_every_owner_of_the_name_finds_what_is_hidden(
    publisher: Person, stranger: Person, admin: Person, hidden: JsonObject
) -> None:
    assert [finds(person, hidden) for person in (publisher, admin, stranger)] == [True, True, False]
    set_owners(publisher, hidden["name"], publisher, stranger)
    assert [finds(person, hidden) for person in (publisher, admin, stranger)] == [True, True, True]
    set_owners(stranger, hidden["name"], stranger)
    assert [finds(person, hidden) for person in (publisher, admin, stranger)] == [False, True, True]


def test_a_user_created_again_is_somebody_else(admin: Person, make_user: UserFactory, server: RunningServer) -> None:
    wait_until_searchable(admin.client)
    first = make_user("upload", "search", "download")
    word = unique("word").replace("-", "")
    package = publish(first.client, name=unique(), tags=[word], description=word, status="draft")
    assert finds(first, package)
    assert admin.client.delete(f"/users/{first.name}").status_code in (200, 204)
    password = secrets.token_urlsafe(12)
    body = {"name": first.name, "password": password, "permissions": ["search", "upload"]}
    assert admin.client.post("/users", json=body).status_code == 201
    second = log_in(server.url, first.name, password)
    with second.client:
        assert not finds(second, package)
        problem(second.client.get(f"/package/{package['id']}"), 404)


def test_a_lift_makes_a_quarantined_draft_a_draft_again(publisher: Person, stranger: Person, admin: Person) -> None:
    package = publish(publisher.client, dangerous(), name=unique("space") + "/bert", status="draft")
    path = f"/package/{package['id']}"
    assert publisher.client.get(f"{path}/safety", params={"wait": 30}).json()["status"] == "dangerous"
    assert fetch(publisher.client, package)["status"] == "quarantined"
    problem(stranger.client.get(f"/names/model/{package['name']}"), 404)
    problem(publisher.client.post("/releases", json={"packages": [package["id"]]}), 409, slug="release-refused")
    assert admin.client.patch(path, json={"status": "active"}).json()["status"] == "draft"
    problem(admin.client.patch(path, json={"status": "active"}), 409, slug="draft")
    problem(stranger.client.get(path), 404)
    released = publisher.client.post("/releases", json={"packages": [package["id"]]})
    assert released.status_code == 200, released.text
    assert fetch(stranger.client, package)["status"] == "active"
    # An admin may quarantine a draft by hand, too.
    other = publish(publisher.client, name=package["name"], version="2.0.0", status="draft")
    path = f"/package/{other['id']}"
    assert admin.client.patch(path, json={"status": "quarantined"}).json()["status"] == "quarantined"
    assert admin.client.patch(path, json={"status": "deprecated"}).json()["status"] == "draft"


def test_a_namespace_of_private_names_is_absent_for_others(publisher: Person, stranger: Person, admin: Person) -> None:
    space = unique("space")
    path = f"/namespaces/{space}"
    publish(publisher.client, name=f"{space}/secret")
    assert stranger.client.get(path).status_code == 200
    body: JsonObject = {"visibility": "private", "readers": []}
    answer = publisher.client.put(f"/names/model/{space}/secret/visibility", json=body)
    assert answer.status_code == 200, answer.text
    assert [person.client.get(path).status_code for person in (publisher, admin, stranger)] == [200, 200, 404]
    problem(stranger.client.put(f"{path}/owners", json={"owners": [stranger.name]}), 404)
    publish(publisher.client, name=f"{space}/public")
    assert stranger.client.get(path).status_code == 200


def test_nobody_takes_a_name_over_by_a_url(publisher: Person, stranger: Person) -> None:
    name = unique("space") + "/bert"
    publish(publisher.client, name=name, version="1.0.0", status="draft")
    for taken in (name, name.upper()):
        body = {"name": taken, "version": "2.0.0", "type": "model", "source_url": "https://1.1.1.1/model.bin"}
        problem(stranger.client.post("/package", json=body), 403, 409)
    versions = publisher.client.get(f"/names/model/{name}").json()["versions"]
    assert [version["version"] for version in versions] == ["1.0.0"]
