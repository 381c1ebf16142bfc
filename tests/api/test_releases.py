"""Drafts, and their release in one atomic change."""

import pytest

from tests.api.support import (
    JsonObject,
    Person,
    fetch,
    ids,
    invalid,
    listed,
    metadata,
    problem,
    publish,
    send_package,
    unique,
)


def draft(person: Person, name: str, version: str = "1.0.0", content: bytes = b"content") -> JsonObject:
    package = publish(person.client, content, name=name, version=version, status="draft")
    assert package["status"] == "draft"
    return package


def release(person: Person, packages: list[JsonObject], aliases: JsonObject | None = None, **query: str) -> JsonObject:
    body = {"packages": [package["id"] for package in packages], **({"aliases": aliases} if aliases else {})}
    answer = person.client.post("/releases", json=body, params=query)
    assert answer.status_code == 200, answer.text
    document: JsonObject = answer.json()
    return document


@pytest.fixture
def name(publisher: Person) -> str:
    return unique("space") + "/bert"


def test_a_draft_exists_for_owners_and_admins_only(
    publisher: Person, stranger: Person, admin: Person, name: str
) -> None:
    package = draft(publisher, name)
    path = f"/package/{package['id']}"
    for person in (publisher, admin):
        assert fetch(person.client, package)["status"] == "draft"
        assert person.client.get(f"{path}/content", follow_redirects=True).content == b"content"
        assert person.client.get(f"/names/model/{name}").json()["latest"] is None
        assert ids(listed(person.client, name=name, status="draft")) == [package["id"]]
    for rest in ("", "/content", "/audit", "/lineage", "/cost", "/rate"):
        problem(stranger.client.get(path + rest), 404)
    problem(stranger.client.get(f"/names/model/{name}"), 404)
    problem(stranger.client.get("/packages", params={"name": name, "version": "latest"}), 404)
    for status in ("draft", "active"):
        assert listed(stranger.client, name=name, status=status) == []
    # The name is reserved all the same.
    for version in ("1.0.0", "2.0.0"):
        problem(send_package(stranger.client, metadata(name=name, version=version)), 403)


def test_only_a_release_makes_a_draft_active(publisher: Person, admin: Person, name: str) -> None:
    package = draft(publisher, name)
    path = f"/package/{package['id']}"
    for person in (publisher, admin):
        for status in ("active", "deprecated"):
            problem(person.client.patch(path, json={"status": status}), 409, slug="draft")
            problem(person.client.put(path, json=metadata(name=name, status=status)), 409, slug="draft")
    assert publisher.client.patch(path, json={"description": "changed"}).json()["status"] == "draft"
    release(publisher, [package])
    assert fetch(publisher.client, package)["status"] == "active"
    problem(publisher.client.patch(path, json={"status": "draft"}), 409, slug="draft")


def test_a_release_makes_all_active_and_moves_aliases(publisher: Person, stranger: Person, name: str) -> None:
    first, second = draft(publisher, name, "1.0.0"), draft(publisher, name, "2.0.0-rc.1")
    other = draft(publisher, unique("other"))
    aliases = {f"model/{name}": {"prod": "1.0.0", "next": "2.0.0-rc.1"}, f"model/{other['name']}": {"prod": "latest"}}
    done = release(publisher, [first, second, other], aliases)
    assert ids(done["packages"]) == [first["id"], second["id"], other["id"]]
    assert {package["status"] for package in done["packages"]} == {"active"}
    assert done["aliases"] == aliases | {f"model/{other['name']}": {"prod": "1.0.0"}}
    document = stranger.client.get(f"/names/model/{name}").json()
    assert document["aliases"] == {"prod": "1.0.0", "next": "2.0.0-rc.1"}
    assert document["latest"] == {"id": first["id"], "version": "1.0.0"}
    assert ids(listed(stranger.client, name=name)) == [second["id"], first["id"]]
    read = fetch(stranger.client, first)
    assert (read["status"], read["revision"]) == ("active", 2)
    actions = [entry["action"] for entry in stranger.client.get(f"/package/{first['id']}/audit").json()["items"]]
    assert actions.count("release") == 1
    assert "alias" in actions


def test_nothing_changes_where_one_thing_is_wrong(publisher: Person, stranger: Person, name: str) -> None:
    package, active = draft(publisher, name), publish(publisher.client)
    foreign = draft(stranger, unique("foreign"))
    missing = {"id": "01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60"}
    wanted = [package, active, foreign, missing]
    aliases: JsonObject = {f"model/{name}": {"prod": "9.0.0"}}
    body = {"packages": [each["id"] for each in wanted], "aliases": aliases}
    refused = problem(publisher.client.post("/releases", json=body), 409, slug="release-refused")
    assert set(refused["reasons"]) == {active["id"], foreign["id"], missing["id"], f"model/{name}"}
    assert release(publisher, wanted, aliases, dry_run="true") == {
        "possible": False,
        "reasons": refused["reasons"],
    }
    assert release(publisher, [package], dry_run="true") == {"possible": True, "reasons": {}}
    assert fetch(publisher.client, package) == package


def test_bad_releases_are_refused(publisher: Person, name: str) -> None:
    package = draft(publisher, name)
    post = publisher.client.post
    invalid(post("/releases", json={"packages": []}), "/packages")
    invalid(post("/releases", json={"packages": [package["id"]] * 2}), "/packages")
    invalid(post("/releases", json={"packages": [package["id"]] * 51}), "/packages")
    invalid(post("/releases", json={}), "/packages")
    wrong: tuple[JsonObject, ...] = (
        {"bert": {"prod": "1.0.0"}},
        {f"thing/{name}": {"prod": "1.0.0"}},
        {f"model/{name}": {"latest": "1.0.0"}},
    )
    for aliases in wrong:
        invalid(post("/releases", json={"packages": [package["id"]], "aliases": aliases}))


def test_no_alias_leads_to_a_draft_by_itself(publisher: Person, name: str) -> None:
    draft(publisher, name)
    problem(publisher.client.put(f"/names/model/{name}/aliases/prod", json={"version": "1.0.0"}), 409, slug="draft")


def test_a_draft_leaves_nothing_behind(publisher: Person, stranger: Person, name: str) -> None:
    package = draft(publisher, name, content=b"first")
    assert publisher.client.delete(f"/package/{package['id']}").status_code == 204
    draft(publisher, name, content=b"second")
    problem(stranger.client.get(f"/names/model/{name}"), 404)
