"""Owners and admins may change or delete a package, others may not."""

import pytest

from tests.api.conftest import UserFactory
from tests.api.support import JsonObject, Person, fetch, metadata, problem, publish, send_package


def test_creator_is_named(publisher: Person, package: JsonObject) -> None:
    assert package["created_by"] == publisher.name


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_stranger_may_not_change_and_nothing_changes(
    publisher: Person, stranger: Person, package: JsonObject, method: str
) -> None:
    body = {"PUT": metadata(name=package["name"]), "PATCH": {"description": "mine now"}, "DELETE": None}[method]
    problem(stranger.client.request(method, f"/package/{package['id']}", json=body), 403)
    assert fetch(publisher.client, package)["revision"] == 1


def test_stranger_may_not_replace_content(publisher: Person, stranger: Person, package: JsonObject) -> None:
    described = metadata(name=package["name"])
    path = f"/package/{package['id']}"
    problem(send_package(stranger.client, described, b"other bytes", method="PUT", path=path), 403)
    assert publisher.client.get(f"{path}/content", follow_redirects=True).content == b"content"


def test_stranger_may_read(stranger: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    for rest in ("", "/content", "/audit", "/lineage", "/cost"):
        assert stranger.client.get(path + rest, follow_redirects=True).status_code == 200


def test_admin_may_change_and_the_owner_stays(admin: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    changed = admin.client.patch(path, json={"description": "by an admin"})
    assert changed.status_code == 200
    assert changed.json()["created_by"] == package["created_by"]
    replaced = admin.client.put(path, json=metadata(name=package["name"]))
    assert replaced.status_code == 200
    assert replaced.json()["created_by"] == package["created_by"]
    assert admin.client.delete(path).status_code == 204


def test_owner_without_upload_any_more_may_not_change(admin: Person, make_user: UserFactory) -> None:
    owner = make_user("upload", "search")
    package = publish(owner.client)
    admin.client.put(f"/users/{owner.name}/permissions", json={"permissions": ["search"]})
    problem(owner.client.patch(f"/package/{package['id']}", json={"description": "x"}), 403)
    problem(owner.client.delete(f"/package/{package['id']}"), 403)
